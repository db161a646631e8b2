package dev.redoubt.node.walls.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class StatusFieldsTest {
    @Test
    void aNameIsNotALabel() {
        StatusFields status =
                new StatusFields("Name:\tx\\nUid:\t0\t0\nUid:\t7\t7\t7\t7\nCapEff:\tffffffffffffffff\nGroups:\t \n");
        assertThat(status.words("Uid")).containsExactly("7", "7", "7", "7");
        assertThat(status.mask("CapEff")).isEqualTo(-1);
        assertThat(status.words("Groups")).isEmpty();
    }

    /** A kernel with shadow stacks ends with one, whose white space is gone where the text was stripped. */
    @Test
    void aLineMayHaveNoValue() {
        StatusFields status = new StatusFields("Name:\ta:\tb\nx86_Thread_features:\t\nx86_Thread_features_locked:");
        assertThat(status.text("Name")).isEqualTo("a:\tb");
        assertThat(status.text("x86_Thread_features_locked")).isEmpty();
    }

    /** No kernel writes such a file; one that did would let a process choose what is read. */
    @Test
    void aLabelTwiceIsRefused() {
        assertThatThrownBy(() -> new StatusFields("Name:\tx\nUid:\t0\nUid:\t7\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two lines Uid");
    }

    @Test
    void whatIsMissingOrMalformedIsNeverTakenForGood() {
        StatusFields status = new StatusFields("Name:\tx\nSeccomp:\ttwo\n");
        assertThatThrownBy(() -> status.text("NoNewPrivs")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> status.number("Seccomp")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StatusFields("no label\n")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StatusFields("no: label\n")).isInstanceOf(IllegalArgumentException.class);
    }
}
