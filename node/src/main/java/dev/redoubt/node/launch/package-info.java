/** Starts sandboxes: the conversation with the spawner and the flat spec that it is given (native/PROTOCOL.md). */
@NullMarked
package dev.redoubt.node.launch;

import org.jspecify.annotations.NullMarked;
