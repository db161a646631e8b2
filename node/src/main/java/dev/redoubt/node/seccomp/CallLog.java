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
import java.util.stream.Stream;

/**
 * What the broker was asked by one sandbox: every call counted, the latest of them with its words.
 *
 * <p>Bounded whatever the sandbox does: so many events, each of a bounded size, and no more than so many per second.
 * Refusals, which somebody will ask about, and the rest, which may be every open of a program, do not push each other out.
 */
public final class CallLog {
    /** Events that are kept. */
    public static final int MOST_EVENTS = 256;

    private static final int AT_ONCE = 64;
    private static final int PER_SECOND = 16;

    private final Latest refusals = new Latest();
    private final Latest answers = new Latest();
    private final Map<Kind, LongAdder> counts = new ConcurrentHashMap<>();
    private final LongAdder unrecorded = new LongAdder();

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

    /** Events of one sort. */
    private static final class Latest {
        private final Deque<Raw> events = new ArrayDeque<>();
        private final Rate rate = new Rate(PER_SECOND, AT_ONCE, System.nanoTime());

        synchronized boolean hasRoom(long now) {
            return rate.take(now);
        }

        synchronized void add(Raw event) {
            if (events.size() == MOST_EVENTS / 2) {
                events.removeFirst();
            }
            events.addLast(event);
        }

        synchronized List<Raw> list() {
            return List.copyOf(events);
        }
    }

    /** Whether a call that ended, or will end, in a refusal or not may be written down; to be asked once for each. */
    boolean hasRoom(boolean refusal, long now) {
        boolean room = (refusal ? refusals : answers).hasRoom(now);
        if (!room) {
            unrecorded.increment();
        }
        return room;
    }

    void count(int number, Outcome outcome) {
        counts.computeIfAbsent(new Kind(number, outcome), kind -> new LongAdder())
                .increment();
    }

    void note(Raw event) {
        count(event.number, event.outcome);
        (event.outcome instanceof Outcome.Refused ? refusals : answers).add(event);
    }

    /** How it is now. */
    public CallReport report() {
        List<CallEvent> events = Stream.concat(refusals.list().stream(), answers.list().stream())
                .sorted(Comparator.comparing(Raw::at))
                .map(Raw::event)
                .toList();
        return new CallReport(events, counts(), unrecorded.sum());
    }

    /** Calls refused so far. */
    public long refusals() {
        return counts.entrySet().stream()
                .filter(entry -> entry.getKey().outcome instanceof Outcome.Refused)
                .mapToLong(entry -> entry.getValue().sum())
                .sum();
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
