/** Redoubt: protocol. */
@NullMarked
package dev.redoubt.protocol;

import org.jspecify.annotations.NullMarked;
