package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import dev.redoubt.protocol.HostMount;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Five system calls, on the host and inside: what the walls cost a program that runs. A sample is a batch of 5 ms. */
final class Syscalls implements Bench.Benchmark {
    private static final String PROGRAM = "redoubt-bench-syscalls";
    private static final String INSIDE = "/mnt/" + PROGRAM;
    private static final double NANOS_PER_MICRO = 1e3;

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        List<String> arguments = List.of("5", bench.settings().shortRun() ? "500" : "5000");
        Workbench workbench = bench.workbench();
        try (Library library = bench.library(0);
                Library unasked = bench.libraryWithoutBroker(0)) {
            Root root = Roots.busybox(library.node().images());
            List<HostMount> mounts = List.of(new HostMount(workbench.natives(), "/mnt", true));
            try (Sandbox sandbox = library.create(root.image(), mounts);
                    Sandbox alone = unasked.create(root.image(), mounts)) {
                List<Subject> subjects = new ArrayList<>();
                List<String> onHost = with(workbench.natives().resolve(PROGRAM).toString(), arguments);
                subjects.add(new Subject("host", sink -> read(workbench.output(onHost), sink)));
                subjects.add(new Subject(
                        Library.NAME, sink -> read(Library.output(sandbox, with(INSIDE, arguments)), sink)));
                subjects.add(new Subject(
                        Library.WITHOUT_BROKER, sink -> read(Library.output(alone, with(INSIDE, arguments)), sink)));
                subjects.addAll(peers(workbench, root, with(INSIDE, arguments)));
                bench.turns().take(subjects, 1, bench.rounds(1, 40));
            }
        }
    }

    private static List<Subject> peers(Workbench workbench, Root root, List<String> argv)
            throws IOException, InterruptedException {
        List<Subject> subjects = new ArrayList<>();
        for (OciRuntime runtime : workbench.runtimes()) {
            List<String> command = runtime.run(workbench.bundle(root.directory(), argv));
            boolean cover = runtime.coversUnified();
            subjects.add(new Subject(runtime.name(), sink -> read(workbench.output(cover, command), sink)));
        }
        if (Programs.installed("bwrap")) {
            List<String> command = Bubblewrap.showing(workbench.natives(), root.directory(), argv);
            subjects.add(new Subject("bwrap", sink -> read(workbench.output(command), sink)));
        }
        return subjects;
    }

    /** Lines of a name and nanoseconds per call. */
    private static void read(String text, Subject.Sink sink) {
        for (String line : text.lines().toList()) {
            String[] fields = line.split(" ");
            sink.add(fields[0], Unit.MICROSECONDS, Double.parseDouble(fields[1]) / NANOS_PER_MICRO);
        }
    }

    private static List<String> with(String program, List<String> arguments) {
        List<String> all = new ArrayList<>(List.of(program));
        all.addAll(arguments);
        return all;
    }
}
