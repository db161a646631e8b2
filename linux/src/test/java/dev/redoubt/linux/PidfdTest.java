package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PidfdTest {
    @Test
    void signalsAndSeesTheEnd() throws IOException {
        Process process = new ProcessBuilder("sleep", "60").start();
        try (Pidfd sleeper = Pidfd.open(Math.toIntExact(process.pid())).orElseThrow()) {
            assertThat(sleeper.awaitEnd(Duration.ofMillis(20))).isFalse();
            assertThat(sleeper.signal(Pidfd.SIGKILL)).isTrue();
            assertThat(sleeper.awaitEnd(Duration.ofSeconds(10))).isTrue();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void numberOfNobodyIsEmpty() {
        assertThat(Pidfd.open(4_194_303)).isEmpty();
    }
}
