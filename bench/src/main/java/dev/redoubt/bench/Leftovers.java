package dev.redoubt.bench;

import dev.redoubt.node.NodeSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Whether everything that a benchmark made is gone when its node is closed. */
final class Leftovers {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long PAUSE_MILLIS = 100;

    private final NodeSettings settings;
    private final Set<String> ownersBefore;
    private final Set<String> owners = new TreeSet<>();
    private final Census before;

    private Leftovers(NodeSettings settings, Set<String> ownersBefore, Census before) {
        this.settings = settings;
        this.ownersBefore = ownersBefore;
        this.before = before;
    }

    /** To be called before the node is opened. */
    static Leftovers watch(NodeSettings settings) throws IOException {
        return new Leftovers(settings, Census.owners(settings), Census.take(settings, Set.of()));
    }

    /** To be called while it is open. */
    void noteOwner() throws IOException {
        owners.addAll(Census.owners(settings));
        owners.removeAll(ownersBefore);
    }

    /** To be called after it was closed. The kernel frees some things a little later, so they are waited for. */
    void report(Turns turns) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        Map<String, Integer> left = left();
        while (left.values().stream().anyMatch(count -> count > 0) && System.nanoTime() < deadline) {
            Thread.sleep(PAUSE_MILLIS);
            left = left();
        }
        left.forEach((what, count) -> turns.note(Library.NAME, "left over: " + what, Unit.COUNT, count));
    }

    private Map<String, Integer> left() throws IOException {
        return before.moreIn(Census.take(settings, owners));
    }
}
