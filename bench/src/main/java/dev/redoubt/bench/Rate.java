package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Sandboxes per second, kept up: each is created, prints a word, and is removed. A sample is one second.
 *
 * <p>Then everything is closed, and what is still there is counted: nothing may be.
 */
final class Rate implements Bench.Benchmark {
    private static final String WHAT = "busybox: created, used and removed";
    private static final List<String> ECHO = List.of("/bin/echo", "ready");
    /** Two per processor: creating waits for the kernel half of the time. */
    private static final int AT_ONCE = 4;

    private static final int SLOTS = 8;

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        Root root = bench.busybox();
        List<Subject> subjects = peers(bench, root); // their stopwatches run on, and are no leftovers
        Leftovers leftovers = Leftovers.watch(bench.settings().node());
        try (Library library = bench.library(SLOTS)) {
            leftovers.noteOwner();
            List<Sustained.Work> workers = Collections.nCopies(AT_ONCE, ours(library, root));
            subjects.addFirst(subject(Library.NAME, bench.rounds(3, 60), workers));
            bench.turns().take(subjects, 0, bench.rounds(1, 2));
        }
        leftovers.report(bench.turns());
    }

    private static Subject subject(String name, int seconds, List<Sustained.Work> workers) {
        return new Subject(name, sink -> {
            for (int count : Sustained.run(seconds, workers)) {
                sink.add(WHAT, Unit.PER_SECOND, count);
            }
        });
    }

    private static Sustained.Work ours(Library library, Root root) {
        return () -> {
            try (Sandbox sandbox = library.create(root.image())) {
                Library.firstByte(sandbox, ECHO);
            }
        };
    }

    private static List<Subject> peers(Bench bench, Root root) throws IOException, InterruptedException {
        List<Subject> subjects = new ArrayList<>();
        for (OciRuntime runtime : bench.workbench().runtimes()) {
            List<Sustained.Work> workers = new ArrayList<>();
            for (int worker = 0; worker < AT_ONCE; worker++) {
                Bundle bundle = bench.workbench().bundle(root.directory(), ECHO);
                workers.add(laps(bench, runtime.coversUnified(), runtime.run(bundle)));
            }
            subjects.add(subject(runtime.name(), bench.rounds(1, 20), workers));
        }
        if (Programs.installed("bwrap")) {
            List<Sustained.Work> workers = new ArrayList<>();
            for (int worker = 0; worker < AT_ONCE; worker++) {
                workers.add(laps(bench, false, Bubblewrap.command(root.directory(), ECHO)));
            }
            subjects.add(subject("bwrap", bench.rounds(1, 20), workers));
        }
        return subjects;
    }

    private static Sustained.Work laps(Bench bench, boolean coverUnified, List<String> command) throws IOException {
        Stopwatch stopwatch = bench.workbench().stopwatch(coverUnified, Map.of(), command);
        return stopwatch::lap;
    }
}
