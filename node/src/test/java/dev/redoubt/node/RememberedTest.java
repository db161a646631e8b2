package dev.redoubt.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.journal.Entry;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RememberedTest {
    /** What the next daemon knows of a sandbox is what this one did. */
    @Test
    void allOfItComesBackFromTheJournal() {
        SandboxSpec spec = new SandboxSpec(
                        "any", Profile.DEFAULT, Limits.DEFAULT, NetworkMode.LOCALHOST, true, "host", List.of(), 0)
                .hiding(new PathPatterns(List.of("/etc/se cret*", "/ä/**")))
                .labelled(new Labels(Map.of("a.b/c", "x = y; %20", "empty", "")));
        Remembered first = Remembered.of(spec);
        assertThat(Remembered.of(entry(first.facts()), first.started())).isEqualTo(first);
    }

    @Test
    void theUsualOneHasNothingToRemember() {
        Remembered usual = Remembered.of(SandboxSpec.of("any"));
        assertThat(usual.facts()).isEmpty();
        assertThat(Remembered.of(entry(Map.of()), usual.started()))
                .usingRecursiveComparison()
                .ignoringFields("writable") // known only where the broker opens its files
                .isEqualTo(usual);
    }

    private static Entry entry(Map<String, String> facts) {
        return new Entry(SandboxId.random(), 1, new IdRange(0), "owner-1", facts);
    }
}
