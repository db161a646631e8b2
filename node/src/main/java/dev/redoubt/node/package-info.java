/** Redoubt: node. */
@NullMarked
package dev.redoubt.node;

import org.jspecify.annotations.NullMarked;
