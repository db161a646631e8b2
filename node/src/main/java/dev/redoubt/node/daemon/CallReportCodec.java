package dev.redoubt.node.daemon;

import dev.redoubt.node.flat.FlatReader;
import dev.redoubt.node.flat.FlatWriter;
import dev.redoubt.node.seccomp.CallCount;
import dev.redoubt.node.seccomp.CallEvent;
import dev.redoubt.node.seccomp.CallLog;
import dev.redoubt.node.seccomp.CallReport;
import dev.redoubt.node.seccomp.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** What a broker was asked, on the daemon's socket: of events the latest for which a message has room. */
final class CallReportCodec {
    private static final int MOST_COUNTS = 64;
    /** Of a message's 64 KiB; an event has at most 1.5 KiB of words and reason. */
    private static final int ROOM_FOR_EVENTS = 36 * 1024;

    private static final int EVENT_OVERHEAD = 80;

    private CallReportCodec() {}

    static void write(FlatWriter out, CallReport report) {
        List<CallEvent> events = latest(report.events());
        out.u32(events.size());
        events.forEach(event -> write(out, event));
        List<CallCount> counts = report.counts().stream().limit(MOST_COUNTS).toList();
        out.u32(counts.size());
        counts.forEach(count -> write(out.string(count.call()), count.outcome()).u64(count.times()));
        out.u64(report.unrecorded());
    }

    private static List<CallEvent> latest(List<CallEvent> events) {
        int room = ROOM_FOR_EVENTS;
        int first = events.size();
        while (first > 0 && room >= size(events.get(first - 1))) {
            room -= size(events.get(--first));
        }
        return events.subList(first, events.size());
    }

    private static int size(CallEvent event) {
        int outcome = switch (event.outcome()) {
            case Outcome.Refused(int _, String reason) -> reason.length();
            case Outcome.Answered(String what) -> what.length();
            case Outcome.CallerGone() -> 0;
        };
        return EVENT_OVERHEAD
                + 3 * (outcome + event.rule().length())
                + event.words().length();
    }

    private static void write(FlatWriter out, CallEvent event) {
        out.u64(ChronoUnit.NANOS.between(Instant.EPOCH, event.at())).u32(event.process());
        out.string(event.call()).string(event.words()).string(event.rule());
        write(out, event.outcome()).u64(event.latency().toNanos());
    }

    private static FlatWriter write(FlatWriter out, Outcome outcome) {
        return switch (outcome) {
            case Outcome.Refused(int errno, String reason) ->
                out.u32(1).u32(errno).string(reason);
            case Outcome.Answered(String what) -> out.u32(2).string(what);
            case Outcome.CallerGone() -> out.u32(3);
        };
    }

    /** Reads what {@link #write} wrote. */
    static CallReport read(FlatReader in) {
        List<CallEvent> events = new ArrayList<>();
        for (int left = in.count(CallLog.MOST_EVENTS); left > 0; left--) {
            events.add(new CallEvent(
                    Instant.EPOCH.plusNanos(in.u64()),
                    in.u32(),
                    in.string(),
                    in.string(),
                    in.string(),
                    outcome(in),
                    Duration.ofNanos(in.u64())));
        }
        List<CallCount> counts = new ArrayList<>();
        for (int left = in.count(MOST_COUNTS); left > 0; left--) {
            counts.add(new CallCount(in.string(), outcome(in), in.u64()));
        }
        return new CallReport(events, counts, in.u64());
    }

    private static Outcome outcome(FlatReader in) {
        int kind = in.u32();
        return switch (kind) {
            case 1 -> new Outcome.Refused(in.u32(), in.string());
            case 2 -> new Outcome.Answered(in.string());
            case 3 -> new Outcome.CallerGone();
            default -> throw new FlatReader.Malformed("an unknown outcome " + kind, 0);
        };
    }
}
