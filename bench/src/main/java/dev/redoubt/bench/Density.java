package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Idle sandboxes, more and more of them: what each costs, and whether one more, or a job in one of them, takes longer.
 *
 * <p>Of the others ten are weighed ({@link IdlePeers}); they have no resident part that could hold a job's channel.
 */
final class Density implements Bench.Benchmark {
    private static final List<Integer> LEVELS = List.of(10, 100, 1_000, 2_000);
    private static final List<Integer> FEW = List.of(2, 20);
    private static final List<String> ECHO = List.of("/bin/echo", "ready");
    private static final List<String> TRUE = List.of("/bin/true");
    private static final int SLOTS = 4;
    private static final double NANOS_PER_MILLI = 1e6;

    private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        Root root = bench.busybox();
        String image = root.image();
        List<Integer> levels = bench.settings().shortRun() ? FEW : LEVELS;
        new IdlePeers(bench, root, levels.getFirst()).weigh();
        Leftovers leftovers = Leftovers.watch(bench.settings().node());
        try (Library library = bench.library(SLOTS)) {
            leftovers.noteOwner();
            library.warmUp(image, bench.warmUpSandboxes(), bench.warmUpJobs());
            climb(bench, library, image, levels);
        }
        leftovers.report(bench.turns());
    }

    private void climb(Bench bench, Library library, String image, List<Integer> levels)
            throws IOException, InterruptedException {
        List<Sandbox> held = new ArrayList<>();
        Footprint.Start empty = Footprint.Start.now();
        try {
            for (int level : levels) {
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
            long end = Library.exec(one, TRUE);
            sink.add("true in one" + beside, Unit.MILLISECONDS, (end - began) / NANOS_PER_MILLI);
        });
        return List.of(create, exec);
    }

    private static double createAndRemove(Library library, String image) throws InterruptedException {
        long began = System.nanoTime();
        try (Sandbox sandbox = library.create(image)) {
            return (Library.firstByte(sandbox, ECHO) - began) / NANOS_PER_MILLI;
        }
    }

    private static void memory(Bench bench, List<Sandbox> held, Footprint.Start empty) throws IOException {
        Footprint footprint = Footprint.since(empty, held);
        int count = held.size();
        String each = ", each of " + count;
        note(bench, "memory" + each, footprint.megabytes() / count);
        note(bench, "memory of the kernel" + each, footprint.kernelMegabytes() / count);
        note(bench, "private memory of the guest" + each, footprint.guestMegabytes() / count);
        note(bench, "memory of node and spawner" + each, footprint.nodeMegabytes() / count);
    }

    private static void note(Bench bench, String what, double megabytes) {
        bench.turns().note(Library.NAME, what, Unit.MEGABYTES, megabytes);
    }
}
