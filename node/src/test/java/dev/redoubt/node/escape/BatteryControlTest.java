package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Each attack works where its wall is absent: without that a "blocked" inside would say nothing. */
@Tag("vm")
final class BatteryControlTest {
    private static final Path PROGRAM = Path.of(System.getProperty("redoubt.native"), "redoubt-escape");

    @Test
    void everyAttackWorksWhereItsWallIsAbsent() throws IOException, InterruptedException {
        Battery battery = Battery.of(PROGRAM);
        try (Decoys decoys = battery.decoys()) {
            Map<String, Outcome> controls = battery.controls(decoys);

            assertThat(failed(controls)).isEmpty();
            assertThat(controls.values().stream().filter(Outcome.Open.class::isInstance))
                    .as("attacks shown to work on this kernel")
                    .hasSizeGreaterThan(300);
        }
    }

    @Test
    void everyAttackHasANameOfItsOwnAndSaysWhatItGains() throws IOException, InterruptedException {
        Battery battery = Battery.of(PROGRAM);
        assertThat(battery.probes()).extracting(Probe::name).doesNotHaveDuplicates();
        assertThat(battery.probes()).extracting(Probe::gain).noneMatch(String::isBlank);
        assertThat(battery.probes()).hasSizeGreaterThanOrEqualTo(100);
    }

    private static Map<String, Outcome> failed(Map<String, Outcome> controls) {
        return controls.entrySet().stream()
                .filter(control -> !(control.getValue() instanceof Outcome.Open))
                .filter(control -> !(control.getValue() instanceof Outcome.Absent))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
