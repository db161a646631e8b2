package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is made of a battery that does not come to its end. */
final class BatteryInsideTest {
    private static final Path PROGRAM = Path.of(System.getProperty("redoubt.native"), "redoubt-escape");
    private static final Bounds BOUNDS = new Bounds(Bounds.SMALL, 64, 64, true);

    private final List<String> asked = new ArrayList<>();

    @Test
    void anAttackThatEndsTheSandboxIsBlockedAndTheNextOneGoesOn() throws IOException, InterruptedException {
        Battery battery = Battery.of(PROGRAM);
        int half = battery.probes().size() / 2;
        Confined dies = (as, arguments) -> {
            int after = arguments.indexOf("--after");
            asked.add(after < 0 ? "" : arguments.get(after + 1));
            return after < 0
                    ? ended(battery, 0, half, 137)
                    : ended(battery, half + 1, battery.probes().size(), 0);
        };

        try (Decoys decoys = battery.decoys()) {
            Map<String, Outcome> outcomes = battery.inside(dies, As.PLAIN, decoys, BOUNDS);

            assertThat(asked).containsExactly("", name(battery, half));
            assertThat(outcomes).hasSize(battery.probes().size());
            assertThat(outcomes.get(name(battery, half)))
                    .isInstanceOfSatisfying(
                            Outcome.Blocked.class,
                            blocked -> assertThat(blocked.error()).isEqualTo("SIGKILL"));
        }
    }

    @Test
    void aBatteryThatGivesUpIsNoResult() throws IOException, InterruptedException {
        Battery battery = Battery.of(PROGRAM);
        try (Decoys decoys = battery.decoys()) {
            assertThatThrownBy(
                            () -> battery.inside((as, arguments) -> ended(battery, 0, 10, 73), As.ROOT, decoys, BOUNDS))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("73");
        }
    }

    private static String name(Battery battery, int index) {
        return battery.probes().get(index).name();
    }

    /** As the program prints it, with a last line that the end has cut. */
    private static Ended ended(Battery battery, int from, int to, int exit) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < to; i++) {
            text.append("{\"name\":\"")
                    .append(name(battery, i))
                    .append("\",\"outcome\":\"open\",\"errno\":\"\",")
                    .append("\"note\":\"\"}\n");
        }
        return new Ended(
                text.append(exit == 0 ? "" : "{\"name\":\"cu").toString().getBytes(StandardCharsets.US_ASCII), exit);
    }
}
