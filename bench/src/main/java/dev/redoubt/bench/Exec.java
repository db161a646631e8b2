package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import dev.redoubt.protocol.HostMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A program in a sandbox that runs already, until its exit status is known: {@code true}, which is half of the time busy
 * with its own start, and a static program that does nothing, so that what remains is what the way in costs.
 */
final class Exec implements Bench.Benchmark {
    private static final List<String> SLEEP = List.of("/bin/sleep", "86400");
    /** As in native/bench/syscalls.c: no batches, no work. */
    private static final List<String> NOTHING = List.of("/mnt/redoubt-bench-syscalls", "0", "0");

    private static final double NANOS_PER_MILLI = 1e6;

    /** What is run, and what it is called in the results. */
    private record Job(String what, List<String> argv) {
        static List<Job> on(Root root) {
            return List.of(
                    new Job(root.image() + ": true in a running sandbox", List.of("/bin/true")),
                    new Job(root.image() + ": a static program in a running sandbox", NOTHING));
        }
    }

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        List<HostMount> mounts = List.of(new HostMount(bench.workbench().natives(), "/mnt", true));
        try (Library library = bench.library(0)) {
            for (Root root : Roots.available(bench, library.node().images())) {
                bench.said().accept("on " + root.image());
                library.warmUp(root.image(), bench.warmUpSandboxes(), bench.warmUpJobs());
                try (Sandbox sandbox = library.create(root.image(), mounts)) {
                    List<Subject> subjects = new ArrayList<>();
                    Job.on(root).forEach(job -> subjects.add(ours(sandbox, job)));
                    subjects.addAll(host(bench, root));
                    subjects.addAll(peers(bench, root));
                    bench.turns().take(subjects, bench.warmUps(), bench.rounds(3, 100));
                }
            }
        }
    }

    private static Subject ours(Sandbox sandbox, Job job) {
        return new Subject(Library.NAME, sink -> {
            long began = System.nanoTime();
            long end = Library.exec(sandbox, job.argv());
            sink.add(job.what(), Unit.MILLISECONDS, (end - began) / NANOS_PER_MILLI);
        });
    }

    /** The same programs outside of any sandbox (the host's C library loads the dynamic one): what no wall can undercut. */
    private static List<Subject> host(Bench bench, Root root) throws IOException {
        Path inMounts = Path.of(NOTHING.getFirst()).getFileName();
        List<Subject> subjects = new ArrayList<>();
        for (Job job : Job.on(root)) {
            Path program = job.argv().equals(NOTHING)
                    ? bench.workbench().natives().resolve(inMounts)
                    : root.directory().resolve("." + job.argv().getFirst());
            List<String> command = new ArrayList<>(job.argv());
            command.set(0, program.toString());
            subjects.add(program(bench, "host", job, false, command));
        }
        return subjects;
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
        List<Subject> subjects = new ArrayList<>();
        for (Job job : Job.on(root)) {
            List<String> command = runtime.exec(bundle, job.argv());
            subjects.add(program(bench, runtime.name() + " exec", job, runtime.coversUnified(), command));
        }
        if (runtime.name().equals("runc") && Programs.installed("nsenter")) {
            subjects.addAll(enter(bench, root, workbench.pid(runtime, bundle)));
        }
        return subjects;
    }

    /** nsenter puts a program beside the others without any of their limits: what fork and exec cost at least. */
    private static List<Subject> enter(Bench bench, Root root, String pid) throws IOException {
        List<Subject> subjects = new ArrayList<>();
        for (Job job : Job.on(root)) {
            List<String> command = new ArrayList<>(List.of("nsenter", "-a", "-t", pid));
            command.addAll(job.argv());
            subjects.add(program(bench, "nsenter", job, false, command));
        }
        return subjects;
    }

    private static Subject program(Bench bench, String name, Job job, boolean coverUnified, List<String> command)
            throws IOException {
        Stopwatch stopwatch = bench.workbench().stopwatch(coverUnified, Map.of(), command);
        return new Subject(
                name,
                sink -> sink.add(job.what(), Unit.MILLISECONDS, stopwatch.lap().end()));
    }
}
