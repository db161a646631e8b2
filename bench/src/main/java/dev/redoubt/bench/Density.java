package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Idle sandboxes, more and more of them: what each costs, and whether one more, or a job in one of them, takes longer.
 *
 * <p>Nobody else is measured here: the others have no resident part to hold a job's channel.
 */
final class Density implements Bench.Benchmark {
    private static final List<Integer> LEVELS = List.of(10, 100, 1_000, 2_000);
    private static final List<Integer> FEW = List.of(5, 20);
    private static final List<String> ECHO = List.of("/bin/echo", "ready");
    private static final List<String> TRUE = List.of("/bin/true");
    private static final int SLOTS = 4;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double KIB_PER_MB = 1024;

    private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        String image = bench.busybox().image();
        Leftovers leftovers = Leftovers.watch(bench.settings().node());
        try (Library library = bench.library(SLOTS)) {
            leftovers.noteOwner();
            for (int warm = 0; warm < bench.warmUps(); warm++) {
                createAndRemove(library, image);
            }
            climb(bench, library, image);
        }
        leftovers.report(bench.turns());
    }

    private void climb(Bench bench, Library library, String image) throws IOException, InterruptedException {
        List<Sandbox> held = new ArrayList<>();
        MemoryFacts empty = MemoryFacts.read();
        try {
            for (int level : bench.settings().shortRun() ? FEW : LEVELS) {
                bench.said().accept(level + " idle sandboxes");
                while (held.size() < level) {
                    held.add(library.create(image));
                }
                memory(bench, held, empty);
                bench.turns().take(subjects(library, image, held), bench.rounds(1, 5), bench.rounds(3, 100));
            }
        } finally {
            long began = System.nanoTime();
            held.forEach(Sandbox::close);
            bench.turns()
                    .note(
                            Library.NAME,
                            "remove one of " + held.size(),
                            Unit.MILLISECONDS,
                            (System.nanoTime() - began) / NANOS_PER_MILLI / Math.max(1, held.size()));
        }
    }

    private List<Subject> subjects(Library library, String image, List<Sandbox> held) {
        String beside = ", beside " + held.size();
        Subject create = new Subject(
                Library.NAME,
                sink -> sink.add("create to first byte" + beside, Unit.MILLISECONDS, createAndRemove(library, image)));
        Subject exec = new Subject(Library.NAME, sink -> {
            Sandbox one = held.get(random.nextInt(held.size()));
            long began = System.nanoTime();
            Library.exec(one, TRUE);
            sink.add("true in one" + beside, Unit.MILLISECONDS, (System.nanoTime() - began) / NANOS_PER_MILLI);
        });
        return List.of(create, exec);
    }

    private static double createAndRemove(Library library, String image) throws InterruptedException {
        long began = System.nanoTime();
        try (Sandbox sandbox = library.create(image)) {
            return (Library.firstByte(sandbox, ECHO) - began) / NANOS_PER_MILLI;
        }
    }

    private static void memory(Bench bench, List<Sandbox> held, MemoryFacts empty) throws IOException {
        MemoryFacts now = MemoryFacts.read();
        String each = " each of " + held.size();
        bench.turns()
                .note(
                        Library.NAME,
                        "memory in all," + each,
                        Unit.MEGABYTES,
                        (empty.available() - now.available()) / KIB_PER_MB / held.size());
        bench.turns()
                .note(
                        Library.NAME,
                        "memory of the kernel," + each,
                        Unit.MEGABYTES,
                        (now.ofTheKernel() - empty.ofTheKernel()) / KIB_PER_MB / held.size());
        for (Sandbox sandbox : held.subList(0, Math.min(held.size(), 20))) {
            bench.turns()
                    .note(
                            Library.NAME,
                            "private memory of the guest, held " + held.size(),
                            Unit.MEGABYTES,
                            privateKib(sandbox) / KIB_PER_MB);
        }
    }

    /** The pages that only this guest has (proc_pid_smaps(5)); its pid is in its pidfd's description. */
    private static long privateKib(Sandbox sandbox) throws IOException {
        Path description =
                Path.of("/proc/self/fdinfo", Integer.toString(sandbox.pidfd().number()));
        long pid = values(description, "Pid:");
        return values(Path.of("/proc", Long.toString(pid), "smaps_rollup"), "Private_Clean:", "Private_Dirty:");
    }

    private static long values(Path file, String... names) throws IOException {
        long sum = 0;
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split("\\s+");
            sum += List.of(names).contains(fields[0]) ? Long.parseLong(fields[1]) : 0;
        }
        return sum;
    }
}
