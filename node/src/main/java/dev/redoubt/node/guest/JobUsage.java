package dev.redoubt.node.guest;

import java.time.Duration;

/** What a job used, with its waited-for children (getrusage(2)). */
public record JobUsage(Duration user, Duration system, long maxMemoryBytes) {
    static final JobUsage NONE = new JobUsage(Duration.ZERO, Duration.ZERO, 0);
}
