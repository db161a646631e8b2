package dev.redoubt.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class QuietTest {
    @Test
    void idleAndWaitingForADiskAreIdle() {
        Quiet.Ticks ticks = Quiet.Ticks.parse("cpu  10 1 20 300 5 2 3 4 99 99");

        assertThat(ticks).isEqualTo(new Quiet.Ticks(305, 345));
    }

    @Test
    void moreThanFourFifthsIsMostly() {
        Quiet.Ticks before = new Quiet.Ticks(100, 200);

        assertThat(before.mostlyIdleUntil(new Quiet.Ticks(109, 210))).isTrue();
        assertThat(before.mostlyIdleUntil(new Quiet.Ticks(108, 210))).isFalse();
    }

    @Test
    void patienceEnds() throws Exception {
        long began = System.nanoTime();

        new Quiet(Duration.ZERO).await();

        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
    }
}
