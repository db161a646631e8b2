package dev.redoubt.node.guest;

import java.util.function.BooleanSupplier;

/** Waits for something that the kernel or another process does in its own time, with a bound. */
final class Eventually {
    private Eventually() {}

    static void holds(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("did not come true in 60 s");
            }
            try {
                Thread.sleep(5);
            } catch (InterruptedException stop) {
                throw new AssertionError(stop);
            }
        }
    }
}
