package dev.redoubt.node.image;

import java.time.Duration;

/**
 * How long the programs that take an archive apart may let us wait: for a beginning, and one second more for each MiB
 * that they have dealt with. The clock stands while it is the archive's source that lets everybody wait.
 */
final class Patience {
    private static final long BYTES_PER_SECOND = 1 << 20;

    private final Duration beginning;
    private long moved;
    private long spent;
    private long since = System.nanoTime();
    private boolean waitingForSource;

    Patience(Duration beginning) {
        this.beginning = beginning;
    }

    synchronized void sourceBegins() {
        spent += System.nanoTime() - since;
        waitingForSource = true;
    }

    synchronized void sourceDelivered() {
        since = System.nanoTime();
        waitingForSource = false;
    }

    /** So many bytes have gone through. */
    synchronized void moved(long bytes) {
        moved += bytes;
    }

    synchronized boolean isOver() {
        long now = waitingForSource ? spent : spent + System.nanoTime() - since;
        return Duration.ofNanos(now).compareTo(beginning.plusSeconds(moved / BYTES_PER_SECOND)) > 0;
    }
}
