package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RateTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long START = start();

    /** nanoTime may be anything, and runs over. */
    private static long start() {
        return Long.MAX_VALUE - 2 * SECOND;
    }

    @Test
    void soManyAtOnceAndThenSoManyPerSecond() {
        Rate rate = new Rate(10, 5, START);
        int taken = 0;
        for (int i = 0; i < 20; i++) {
            taken += rate.take(START) ? 1 : 0;
        }
        assertThat(taken).isEqualTo(5);
        for (int tenth = 1; tenth <= 40; tenth++) {
            long now = START + tenth * SECOND / 10;
            assertThat(rate.take(now)).isTrue();
            assertThat(rate.take(now)).isFalse();
        }
        assertThat(rate.take(START + 60 * SECOND)).isTrue();
    }

    @Test
    void whatIsOwedMustBeWaitedFor() {
        Rate rate = new Rate(1000, 100, START);
        rate.spend(100, START);
        assertThat(rate.owed(START)).isZero();
        rate.spend(50, START);
        assertThat(rate.owed(START)).isEqualTo(SECOND / 20);
        assertThat(rate.owed(START + SECOND / 40)).isEqualTo(SECOND / 40);
        assertThat(rate.owed(START + SECOND)).isZero();
    }
}
