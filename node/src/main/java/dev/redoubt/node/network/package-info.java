/** Into a sandbox's network namespace and out again with a connected socket. */
@NullMarked
package dev.redoubt.node.network;

import org.jspecify.annotations.NullMarked;
