/**
 * Turns one layer archive into a tree. Everything here reads strangers' bytes and runs inside a sandbox, in a process of
 * its own; the node's own process only reads its report.
 */
@NullMarked
package dev.redoubt.node.image.unpack;

import org.jspecify.annotations.NullMarked;
