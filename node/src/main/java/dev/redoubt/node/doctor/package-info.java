/** Is this host fit: each wall, what it rests on, its state as probed, and how to mend it. */
@NullMarked
package dev.redoubt.node.doctor;

import org.jspecify.annotations.NullMarked;
