package dev.redoubt.bench;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.protocol.Driver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * From nothing to the first byte that a program prints in a new sandbox, and on until nothing is left of it.
 *
 * <p>Three ways for ours: from prepared slots, without any (what it costs then is not hidden in a pool), and the whole
 * command line with and without a daemon, which is what the others are: programs that start, work and end.
 */
final class Cold implements Bench.Benchmark {
    private static final List<String> ECHO = List.of("/bin/echo", "ready");
    private static final int SLOTS = 4;
    private static final double NANOS_PER_MILLI = 1e6;

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        try (Library slots = bench.library(SLOTS);
                Library bare = bench.library(0)) {
            for (Root root : Roots.available(bench, bare.node().images())) {
                bench.said().accept("on " + root.image());
                slots.warmUp(root.image(), bench.warmUpSandboxes(), bench.warmUpJobs());
                bare.warmUp(root.image(), bench.warmUpSandboxes(), bench.warmUpJobs());
                List<Subject> subjects = new ArrayList<>();
                subjects.add(ours(slots, root, "slots ready"));
                subjects.add(ours(bare, root, "no slot"));
                for (Driver driver : List.of(Driver.CRUN, Driver.GVISOR)) {
                    if (Node.isInstalled(driver)) {
                        subjects.add(built(slots, root, driver));
                    }
                }
                subjects.addAll(peers(bench, root));
                bench.turns().take(subjects, bench.warmUps(), bench.rounds(3, 100));
            }
        }
        bench.said().accept("the whole command line");
        Optional<Path> script = bench.settings().script();
        if (script.isPresent()) {
            CommandLine.measure(bench, script.get());
        } else {
            bench.turns().skip("./redoubt run", "this was not started by the script");
        }
    }

    private static Subject ours(Library library, Root root, String how) {
        return ours(Library.NAME, library, root, how);
    }

    static Subject ours(String name, Library library, Root root, String how) {
        return new Subject(name, sink -> {
            long began = System.nanoTime();
            Sandbox sandbox = library.create(root.image());
            long first = Library.firstByte(sandbox, ECHO);
            sandbox.close();
            long end = System.nanoTime();
            sink.add(toFirstByte(root) + ", " + how, Unit.MILLISECONDS, (first - began) / NANOS_PER_MILLI);
            sink.add(toEnd(root) + ", " + how, Unit.MILLISECONDS, (end - began) / NANOS_PER_MILLI);
        });
    }

    /** With all our walls, built by an OCI runtime: in the rows of the runtimes themselves. */
    private static Subject built(Library library, Root root, Driver driver) {
        return new Subject(Library.NAME + " by " + driver, sink -> {
            long began = System.nanoTime();
            Sandbox sandbox = library.create(root.image(), driver);
            long first = Library.firstByte(sandbox, ECHO);
            sandbox.close();
            long end = System.nanoTime();
            sink.add(toFirstByte(root), Unit.MILLISECONDS, (first - began) / NANOS_PER_MILLI);
            sink.add(toEnd(root), Unit.MILLISECONDS, (end - began) / NANOS_PER_MILLI);
        });
    }

    private static List<Subject> peers(Bench bench, Root root) throws IOException, InterruptedException {
        Workbench workbench = bench.workbench();
        List<Subject> subjects = new ArrayList<>();
        for (OciRuntime runtime : workbench.runtimes()) {
            List<String> command = runtime.run(workbench.bundle(root.directory(), ECHO));
            subjects.add(program(bench, runtime.name(), root, runtime.coversUnified(), command));
        }
        if (Programs.installed("crun")) {
            OciRuntime bare =
                    new OciRuntime("crun without cgroups", List.of("crun", "--cgroup-manager=disabled"), true);
            List<String> command = bare.run(workbench.bundle(root.directory(), ECHO));
            subjects.add(program(bench, bare.name(), root, true, command));
        }
        if (Programs.installed("bwrap")) {
            subjects.add(program(bench, "bwrap", root, false, Bubblewrap.command(root.directory(), ECHO)));
        }
        return subjects;
    }

    private static Subject program(Bench bench, String name, Root root, boolean coverUnified, List<String> command)
            throws IOException {
        Stopwatch stopwatch = bench.workbench().stopwatch(coverUnified, Map.of(), command);
        return new Subject(name, sink -> {
            Lap lap = stopwatch.lap();
            sink.add(
                    toFirstByte(root),
                    Unit.MILLISECONDS,
                    lap.firstByte().orElseThrow(() -> new PeerFailedException("printed nothing")));
            sink.add(toEnd(root), Unit.MILLISECONDS, lap.end());
        });
    }

    private static String toFirstByte(Root root) {
        return root.image() + ": create to first byte";
    }

    private static String toEnd(Root root) {
        return root.image() + ": create to removed";
    }
}
