/** What every node of this data directory has made, so that whoever comes after a crash can remove it. */
@NullMarked
package dev.redoubt.node.journal;

import org.jspecify.annotations.NullMarked;
