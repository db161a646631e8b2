/** The flat binary form in which the node speaks to the spawner and to its local callers. */
@NullMarked
package dev.redoubt.node.flat;

import org.jspecify.annotations.NullMarked;
