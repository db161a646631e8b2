package dev.redoubt.node.seccomp;

import dev.redoubt.linux.NotifiedCall;

/**
 * A call that waits for its answer.
 *
 * @param slot where the kernel wrote it
 * @param at when it came, as of {@link System#nanoTime}
 */
record Received(InFlight.Slot slot, long at) {
    NotifiedCall call() {
        return slot.call();
    }
}
