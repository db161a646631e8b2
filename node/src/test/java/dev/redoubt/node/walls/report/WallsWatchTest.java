package dev.redoubt.node.walls.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.protocol.SandboxId;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class WallsWatchTest {
    private static WatchedWalls unreadable() {
        SandboxCgroup none = Cgroups.detect().existing("walls-watch-test");
        return new WatchedWalls(SandboxId.random(), none, () -> {
            throw new IllegalStateException("no record of it");
        });
    }

    /** One that cannot be read must not be taken for good, nor keep the next one from being looked at. */
    @Test
    void whatCannotBeReadIsSaidOnceAndTheNextIsLookedAt() throws Exception {
        WatchedWalls first = unreadable();
        WatchedWalls second = unreadable();
        BlockingQueue<SandboxId> told = new LinkedBlockingQueue<>();
        try (WallsWatch _ =
                WallsWatch.start(() -> List.of(first, second), (id, _) -> told.add(id), Duration.ofMillis(20), true)) {
            assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo(first.id());
            assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo(second.id());
            assertThat(told.poll(200, TimeUnit.MILLISECONDS)).as("again").isNull();
        }
        assertThat(first.latest()).contains(Verdict.WEAKER);
        assertThat(first.events().getFirst().kind()).isEqualTo(WallsEvent.Kind.NOT_READ);
        assertThat(first.events().getFirst().words()).containsExactly("no record of it");
    }

    @Test
    void whatHasEndedIsNotReadAnyMore() throws Exception {
        WatchedWalls ended = unreadable();
        ended.end();
        assertThat(ended.look()).isEmpty();
        assertThat(ended.latest()).isEmpty();
    }
}
