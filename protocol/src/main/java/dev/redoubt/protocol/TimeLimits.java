package dev.redoubt.protocol;

import java.time.Duration;
import java.util.Optional;

/**
 * How long a sandbox may live, in whole milliseconds; an empty value is not limited. Counted by the monotonic clock, so not
 * while the machine is suspended.
 *
 * @param wall since its start, whatever it does
 * @param idle without a byte read from or written to one of its jobs
 */
public record TimeLimits(Optional<Duration> wall, Optional<Duration> idle) {
    /** Longer than any machine runs; beyond it clocks overflow. */
    public static final Duration LONGEST = Duration.ofDays(3650);

    public static final TimeLimits NONE = new TimeLimits(Optional.empty(), Optional.empty());

    public TimeLimits {
        countable(wall);
        countable(idle);
    }

    private static void countable(Optional<Duration> limit) {
        if (limit.isPresent()
                && (limit.get().compareTo(Duration.ofMillis(1)) < 0
                        || limit.get().compareTo(LONGEST) > 0)) {
            throw new IllegalArgumentException("a limit of time must be from 1 ms to " + LONGEST.toDays() + " days");
        }
    }
}
