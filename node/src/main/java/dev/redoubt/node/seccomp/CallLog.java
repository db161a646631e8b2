package dev.redoubt.node.seccomp;

import dev.redoubt.policy.calls.CallNumbers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the broker was asked by one sandbox: every call counted, the latest of them with its words.
 *
 * <p>Bounded whatever the sandbox does: so many events, each of a bounded size, and no more than so many per second.
 */
public final class CallLog {
    /** Events that are kept. */
    public static final int MOST_EVENTS = 256;

    private static final int EVENTS_AT_ONCE = 128;
    private static final int EVENTS_PER_SECOND = 32;

    private final Deque<Raw> latest = new ArrayDeque<>();
    private final Map<Kind, LongAdder> counts = new ConcurrentHashMap<>();
    private final LongAdder unrecorded = new LongAdder();
    private final Rate rate = new Rate(EVENTS_PER_SECOND, EVENTS_AT_ONCE, System.nanoTime());

    private record Kind(int number, Outcome outcome) {}

    /** An event whose words are not made yet: most are never read. */
    record Raw(
            Instant at,
            int process,
            int number,
            long[] arguments,
            List<CallText> texts,
            String rule,
            Outcome outcome,
            Duration latency) {

        CallEvent event() {
            String words = CallWords.of(number, arguments, texts);
            return new CallEvent(at, process, name(number), words, rule, outcome, latency);
        }
    }

    CallLog() {}

    /** Of a sandbox without a broker: nothing is asked. */
    public static CallLog empty() {
        return new CallLog();
    }

    /** Whether the next call may be written down; to be asked by the broker's own thread alone. */
    boolean hasRoom(long now) {
        boolean room = rate.take(now);
        if (!room) {
            unrecorded.increment();
        }
        return room;
    }

    void count(int number, Outcome outcome) {
        counts.computeIfAbsent(new Kind(number, outcome), kind -> new LongAdder()).increment();
    }

    void note(Raw event) {
        count(event.number, event.outcome);
        synchronized (latest) {
            if (latest.size() == MOST_EVENTS) {
                latest.removeFirst();
            }
            latest.addLast(event);
        }
    }

    /** How it is now. */
    public CallReport report() {
        List<Raw> raw;
        synchronized (latest) {
            raw = List.copyOf(latest);
        }
        return new CallReport(raw.stream().map(Raw::event).toList(), counts(), unrecorded.sum());
    }

    private List<CallCount> counts() {
        return counts.entrySet().stream()
                .map(entry -> new CallCount(
                        name(entry.getKey().number),
                        entry.getKey().outcome,
                        entry.getValue().sum()))
                .sorted(Comparator.comparingLong(CallCount::times).reversed().thenComparing(CallCount::call))
                .toList();
    }

    private static String name(int number) {
        return CallNumbers.names().getOrDefault(number, "call " + number);
    }
}
