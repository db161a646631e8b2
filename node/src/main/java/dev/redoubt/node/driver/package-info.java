/** The other ways to build a sandbox: OCI runtimes, told what to build and held to the same walls. */
@NullMarked
package dev.redoubt.node.driver;

import org.jspecify.annotations.NullMarked;
