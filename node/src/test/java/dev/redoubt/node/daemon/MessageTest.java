package dev.redoubt.node.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.seccomp.CallCount;
import dev.redoubt.node.seccomp.CallEvent;
import dev.redoubt.node.seccomp.CallLog;
import dev.redoubt.node.seccomp.CallReport;
import dev.redoubt.node.seccomp.Outcome;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.SandboxId;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MessageTest {
    private static Message roundTrip(Message message) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = message.encode(arena);
            assertThat(bytes.byteSize()).isLessThanOrEqualTo(Message.MOST_BYTES);
            return Message.decode(bytes);
        }
    }

    private static CallEvent event(int number, String words) {
        return new CallEvent(
                Instant.ofEpochSecond(1_000_000 + number, 5),
                number,
                "mount",
                words,
                "@mount",
                new Outcome.Refused(1, "reason ä"),
                Duration.ofNanos(number));
    }

    @Test
    void aReportArrivesAsItWas() {
        CallReport report = new CallReport(
                List.of(event(1, "mount(a)"), event(2, "mount(b)")),
                List.of(
                        new CallCount("mount", new Outcome.Refused(1, "reason"), 2),
                        new CallCount("sysinfo", new Outcome.Answered("numbers"), 1L << 40),
                        new CallCount("mount", new Outcome.CallerGone(), 1)),
                7);
        assertThat(roundTrip(new Message.Told(report))).isEqualTo(new Message.Told(report));
    }

    /** Words are a stranger's, and long where he wants them long: then the latest are told. */
    @Test
    void aReportAlwaysFitsIntoAMessage() {
        List<CallEvent> many = IntStream.range(0, CallLog.MOST_EVENTS)
                .mapToObj(number -> event(number, "x".repeat(1200)))
                .toList();
        List<CallCount> counts = IntStream.range(0, 400)
                .mapToObj(number ->
                        new CallCount("set_mempolicy_home_node", new Outcome.Refused(1, "r".repeat(200)), number))
                .toList();
        Message.Told told = (Message.Told) roundTrip(new Message.Told(new CallReport(many, counts, 0)));
        assertThat(told.calls().events()).hasSizeGreaterThan(20);
        assertThat(told.calls().events().getLast()).isEqualTo(many.getLast());
        assertThat(told.calls().counts()).startsWith(counts.getFirst());
    }

    @Test
    void aListOfSandboxesFitsToo() {
        Map<String, String> most = new TreeMap<>();
        for (int i = 0; i < Labels.MOST; i++) {
            most.put("n" + i, "v".repeat(12));
        }
        Listed one = new Listed(
                new SandboxId("sbx_" + "a".repeat(26)),
                NetworkMode.LOCALHOST,
                Instant.ofEpochSecond(9),
                3,
                new Labels(most),
                Optional.of(Verdict.WEAKER));
        Message.Listing listing = new Message.Listing(Collections.nCopies(Message.MOST_LISTED, one));
        assertThat(roundTrip(listing)).isEqualTo(listing);
    }
}
