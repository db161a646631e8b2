/** The user ids of this host that sandboxes get: 65,536 each, never shared. */
@NullMarked
package dev.redoubt.node.ranges;

import org.jspecify.annotations.NullMarked;
