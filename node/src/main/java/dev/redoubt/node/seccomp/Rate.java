package dev.redoubt.node.seccomp;

/** So much per second, and so much at once. Not for several threads. Times are those of {@link System#nanoTime}. */
final class Rate {
    private static final long SECOND = 1_000_000_000L;

    private final long interval;
    private final long allowance;
    /** When all that was spent will have been earned again. */
    private long settled;

    /**
     * @param perSecond what is earned, in units
     * @param burst what can be saved
     */
    Rate(int perSecond, int burst, long now) {
        this.interval = SECOND / perSecond;
        this.allowance = burst * interval;
        this.settled = now;
    }

    /** Spends one unit if it is there. */
    boolean take(long now) {
        if (debt(now) + interval > allowance) {
            return false;
        }
        spend(1, now);
        return true;
    }

    /** Spends what may not be there. */
    void spend(int units, long now) {
        settled = now + debt(now) + units * interval;
    }

    /** How long to wait until nothing is owed; 0 for not at all. */
    long owed(long now) {
        return Math.max(0, debt(now) - allowance);
    }

    private long debt(long now) {
        return Math.max(0, settled - now);
    }
}
