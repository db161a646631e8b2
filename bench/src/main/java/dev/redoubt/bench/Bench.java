package dev.redoubt.bench;

import dev.redoubt.node.TestSwitches;
import java.io.IOException;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What a benchmark has at hand.
 *
 * @param said takes a line about what is being done, for people
 */
record Bench(BenchSettings settings, Workbench workbench, Turns turns, Consumer<String> said) {
    /** One of the things that can be measured by name. */
    @FunctionalInterface
    interface Benchmark {
        void measure(Bench bench) throws IOException, InterruptedException;
    }

    /** A few in a short run, else as many as it takes for the benchmark to mean something. */
    int rounds(int few, int many) {
        return settings.shortRun() ? few : many;
    }

    /** For {@link Library#warmUp}: everything on the way has been done more than a thousand times by then. */
    int warmUpSandboxes() {
        return rounds(1, 300);
    }

    int warmUpJobs() {
        return rounds(1, 5);
    }

    /** Rounds before the ones that count. */
    int warmUps() {
        return rounds(1, 20);
    }

    /** The smallest image. Once this has been called, the data directory holds everything that outlives a node. */
    Root busybox() {
        try (Library library = library(0)) {
            return Roots.busybox(library.node().images());
        }
    }

    Library library(int readySlots) {
        return Library.open(settings.node().withReadySlots(readySlots));
    }

    /** The same, but that no call is asked about. */
    Library libraryWithoutBroker(int readySlots) {
        return Library.open(settings.node()
                .withReadySlots(readySlots)
                .withSwitches(new TestSwitches(Set.of(TestSwitches.Layer.BROKER))));
    }
}
