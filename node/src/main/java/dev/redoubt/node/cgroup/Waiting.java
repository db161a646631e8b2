package dev.redoubt.node.cgroup;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for the kernel to finish something that it only reports in a file. */
final class Waiting {
    private static final long MOST_NANOS = 5_000_000_000L;
    private static final long PAUSE_NANOS = 500_000;

    private Waiting() {}

    static void until(String what, BooleanSupplier done) {
        long deadline = System.nanoTime() + MOST_NANOS;
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new CgroupException(what + ": not done after 5 s");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
