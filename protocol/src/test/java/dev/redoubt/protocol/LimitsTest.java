package dev.redoubt.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LimitsTest {
    @Test
    void defaultsAreThoseOfTheContract() {
        assertThat(Limits.DEFAULT.memory()).hasToString("512M");
        assertThat(Limits.DEFAULT.cpus()).hasToString("1");
        assertThat(Limits.DEFAULT.pids()).isEqualTo(256);
        assertThat(Limits.DEFAULT.disk()).hasToString("1G");
        assertThat(Limits.DEFAULT.io().isNone()).isTrue();
        assertThat(Limits.DEFAULT.time()).isEqualTo(TimeLimits.NONE);
    }

    @Test
    void refusesWhatTheKernelCannotHold() {
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.DEFAULT.withMemory(Size.ofKib(64)));
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.DEFAULT.withMemory(Size.ofBytes((512 << 20) + 1)));
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.DEFAULT.withPids(1));
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.DEFAULT.withPids(4_194_305));
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.DEFAULT.withDisk(Size.ofKib(4)));
        assertThatIllegalArgumentException().isThrownBy(() -> Limits.DEFAULT.withInodes(0));
        assertThatIllegalArgumentException().isThrownBy(() -> IoLimits.bytesPerSecond(Size.ofBytes(0)));
    }

    @Test
    void refusesTimesThatCannotBeCounted() {
        Optional<Duration> longest = Optional.of(TimeLimits.LONGEST);
        assertThat(new TimeLimits(longest, longest).wall()).isEqualTo(longest);
        for (Duration wrong : new Duration[] {
            Duration.ZERO, Duration.ofNanos(999_999), Duration.ofMillis(-1), TimeLimits.LONGEST.plusMillis(1)
        }) {
            assertThatIllegalArgumentException().isThrownBy(() -> new TimeLimits(Optional.of(wrong), Optional.empty()));
            assertThatIllegalArgumentException().isThrownBy(() -> new TimeLimits(Optional.empty(), Optional.of(wrong)));
        }
    }
}
