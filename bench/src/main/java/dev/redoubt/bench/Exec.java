package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code true} in a sandbox that runs already, until its exit status is known. */
final class Exec implements Bench.Benchmark {
    private static final List<String> TRUE = List.of("/bin/true");
    private static final List<String> SLEEP = List.of("/bin/sleep", "86400");
    private static final double NANOS_PER_MILLI = 1e6;

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        try (Library library = bench.library(0)) {
            for (Root root : Roots.available(bench, library.node().images())) {
                bench.said().accept("on " + root.image());
                try (Sandbox sandbox = library.create(root.image())) {
                    List<Subject> subjects = new ArrayList<>();
                    subjects.add(ours(sandbox, root));
                    subjects.addAll(peers(bench, root));
                    bench.turns().take(subjects, bench.warmUps(), bench.rounds(3, 200));
                }
            }
        }
    }

    private static Subject ours(Sandbox sandbox, Root root) {
        return new Subject(Library.NAME, sink -> {
            long began = System.nanoTime();
            Library.exec(sandbox, TRUE);
            sink.add(what(root), Unit.MILLISECONDS, (System.nanoTime() - began) / NANOS_PER_MILLI);
        });
    }

    private static List<Subject> peers(Bench bench, Root root) throws IOException, InterruptedException {
        List<Subject> subjects = new ArrayList<>();
        for (OciRuntime runtime : bench.workbench().runtimes()) {
            try {
                subjects.addAll(peers(bench, root, runtime));
            } catch (PeerFailedException failed) {
                bench.turns().skip(runtime.name(), String.valueOf(failed.getMessage()));
            }
        }
        return subjects;
    }

    private static List<Subject> peers(Bench bench, Root root, OciRuntime runtime)
            throws IOException, InterruptedException {
        Workbench workbench = bench.workbench();
        Bundle bundle = workbench.bundle(root.directory(), SLEEP);
        workbench.start(runtime, bundle);
        List<String> command = runtime.exec(bundle, TRUE);
        List<Subject> subjects = new ArrayList<>();
        subjects.add(program(bench, runtime.name() + " exec", root, runtime.coversUnified(), command));
        if (runtime.name().equals("runc") && Programs.installed("nsenter")) {
            // It puts a program beside the others without any of their limits: what fork and exec cost at least.
            List<String> enter = new ArrayList<>(List.of("nsenter", "-a", "-t", workbench.pid(runtime, bundle)));
            enter.addAll(TRUE);
            subjects.add(program(bench, "nsenter", root, false, enter));
        }
        return subjects;
    }

    private static Subject program(Bench bench, String name, Root root, boolean coverUnified, List<String> command)
            throws IOException {
        Stopwatch stopwatch = bench.workbench().stopwatch(coverUnified, Map.of(), command);
        return new Subject(
                name,
                sink -> sink.add(what(root), Unit.MILLISECONDS, stopwatch.lap().end()));
    }

    private static String what(Root root) {
        return root.image() + ": true in a running sandbox";
    }
}
