/** The node daemon's unix socket: local root asks for sandboxes, and is lent their guest channels. */
@NullMarked
package dev.redoubt.node.daemon;

import org.jspecify.annotations.NullMarked;
