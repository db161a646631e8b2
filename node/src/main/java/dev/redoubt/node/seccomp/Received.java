package dev.redoubt.node.seccomp;

import dev.redoubt.linux.NotifiedCall;

/**
 * A call that waits for its answer.
 *
 * @param slot where the kernel wrote it
 * @param at when it came, as of {@link System#nanoTime}
 * @param written whether it is to be written down, and not only counted
 */
record Received(InFlight.Slot slot, long at, boolean written) {
    NotifiedCall call() {
        return slot.call();
    }
}
