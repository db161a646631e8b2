package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("vm")
final class LandlockTest {
    /** 6.12, the oldest kernel that sandboxes run on, has version 6. */
    @Test
    void theKernelHasTheVersionWeNeed() {
        assertThat(Landlock.abi()).isGreaterThanOrEqualTo(6);
    }
}
