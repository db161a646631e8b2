package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.PathPatterns;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Calls that the broker answers, beside the same that the filter or the kernel answers: a refusal, an open. A sample is
 * the median of a batch of calls, because one call also tells what else its processor had to do. And starts of sandboxes, with
 * and without a broker.
 */
final class Brokered implements Bench.Benchmark {
    private static final String PROGRAM = "/mnt/redoubt-bench-broker";
    private static final String FILE = "/etc/passwd";
    private static final double NANOS_PER_MICRO = 1e3;
    private static final PathPatterns PATTERNS = new PathPatterns(List.of("**/.env", "/srv/*/keys/*.pem"));

    private static final int SLOTS = 2;

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        answers(bench);
        starts(bench);
    }

    private static void starts(Bench bench) throws IOException, InterruptedException {
        try (Library library = bench.library(SLOTS);
                Library unasked = bench.libraryWithoutBroker(SLOTS)) {
            Root root = Roots.busybox(library.node().images());
            library.warmUp(root.image(), bench.warmUpSandboxes(), bench.warmUpJobs());
            unasked.warmUp(root.image(), bench.warmUpSandboxes(), bench.warmUpJobs());
            bench.turns()
                    .take(
                            List.of(
                                    Cold.ours(Library.NAME, library, root, "slots ready"),
                                    Cold.ours(Library.WITHOUT_BROKER, unasked, root, "slots ready")),
                            bench.warmUps(),
                            bench.rounds(1, 100));
        }
    }

    private static void answers(Bench bench) throws IOException, InterruptedException {
        List<String> arguments = List.of(PROGRAM, FILE, "5", bench.settings().shortRun() ? "20" : "200");
        try (Library library = bench.library(0)) {
            String image = Roots.busybox(library.node().images()).image();
            List<HostMount> mounts = List.of(new HostMount(bench.workbench().natives(), "/mnt", true));
            try (Sandbox usual = library.create(image, mounts);
                    Sandbox hiding = library.create(image, mounts, PATTERNS)) {
                List<Subject> subjects = new ArrayList<>();
                subjects.add(subject(Library.NAME, usual, arguments));
                subjects.add(subject(Library.NAME + ", files hidden by patterns", hiding, arguments));
                bench.turns().take(subjects, bench.rounds(1, 5), bench.rounds(1, 20));
            }
        }
    }

    private static Subject subject(String name, Sandbox sandbox, List<String> argv) {
        return new Subject(name, sink -> {
            for (String line : Library.output(sandbox, argv).lines().toList()) {
                String[] words = line.split(" ");
                sink.add(words[0], Unit.MICROSECONDS, Double.parseDouble(words[1]) / NANOS_PER_MICRO);
            }
        });
    }
}
