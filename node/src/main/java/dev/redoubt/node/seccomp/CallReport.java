package dev.redoubt.node.seccomp;

import java.util.List;

/**
 * What the broker was asked by one sandbox, at one moment.
 *
 * @param events the latest, oldest first, at most {@link CallLog#MOST_EVENTS}
 * @param counts all calls so far, the most frequent first
 * @param unrecorded of these came too fast to become an event; they were answered like the others
 */
public record CallReport(List<CallEvent> events, List<CallCount> counts, long unrecorded) {
    public CallReport {
        events = List.copyOf(events);
        counts = List.copyOf(counts);
    }
}
