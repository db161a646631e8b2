package dev.redoubt.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopwatchTest {
    @TempDir
    private Path directory;

    @Test
    void tellsTheFirstByteFromTheEnd() throws IOException {
        try (Stopwatch stopwatch = stopwatch("sleep 0.1; echo one; sleep 0.2; echo two")) {
            for (int run = 0; run < 2; run++) {
                Lap lap = stopwatch.lap();

                assertThat(lap.firstByte().orElseThrow()).isBetween(100.0, lap.end() - 200);
            }
        }
    }

    @Test
    void aProgramMayPrintNothing() throws IOException {
        try (Stopwatch stopwatch = stopwatch("exit 0")) {
            assertThat(stopwatch.lap().firstByte()).isEmpty();
        }
    }

    @Test
    void aFailureIsToldWithTheLastWords() throws IOException {
        try (Stopwatch stopwatch = stopwatch("echo first >&2; echo 'no such wall' >&2; exit 3")) {
            assertThatThrownBy(stopwatch::lap)
                    .isInstanceOf(PeerFailedException.class)
                    .hasMessage("exit status 3: no such wall");
        }
    }

    @Test
    void aProgramThatIsNotThereIsAFailure() throws IOException {
        List<String> command = Stopwatch.command(natives(), false, List.of(directory + "/missing"));
        try (Stopwatch stopwatch = Stopwatch.start(new ProcessBuilder(command), directory.resolve("errors"))) {
            assertThatThrownBy(stopwatch::lap)
                    .isInstanceOf(PeerFailedException.class)
                    .hasMessageContaining("No such file");
        }
    }

    private Stopwatch stopwatch(String script) throws IOException {
        List<String> command = Stopwatch.command(natives(), false, List.of("sh", "-c", script));
        return Stopwatch.start(new ProcessBuilder(command), directory.resolve("errors"));
    }

    static Path natives() {
        return Path.of(System.getProperty("redoubt.native", ""));
    }
}
