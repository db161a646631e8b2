package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.cgroup.BlockDevices;
import dev.redoubt.node.cgroup.Usage;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobOutput;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Layer D between neighbours: sandboxes at full load on all their limits, and one beside them that keeps its share.
 *
 * <p>Its fair share is what it gets beside as many neighbours with the same share of the processors, that only compute. Both
 * are measured in turn, a third of a second each, with the others frozen: whatever else the machine does, it does to both.
 * The median of the pairs counts.
 */
class NeighbourTest {
    // Together 2.6: on two processors more than there is, so that they contend for it.
    private static final Cpus QUIET = new Cpus(800);
    private static final Cpus NOISY = new Cpus(600);
    private static final double NOISY_SHARE = 0.6;
    /** One period of the processor limit, so that what was saved up while frozen is spent. */
    private static final int SETTLE_MILLIS = 100;

    private static final int WINDOW_MILLIS = 300;
    private static final int PAIRS = 9;
    private static final int TRIES = 3;
    private static final double BAR = 0.9;
    private static final int PIDS = 64;
    private static final Limits LIMITS = Limits.DEFAULT
            .withCpus(NOISY)
            .withMemory(Size.ofMib(64))
            .withPids(PIDS)
            .withDisk(Size.ofMib(64));

    private static final String LOOPS = "for i in 1 2 3 4 5 6 7 8; do while true; do :; done & done; wait";
    private static final String LOOP = "while true; do :; done";
    private static final String FORKS = "while true; do sh -c 'while true; do sleep 2 & done'; done 2>/dev/null";
    private static final String MEMORY = "while true; do sh -c 'x=a; while true; do x=$x$x; done'; done 2>/dev/null";
    /** Not from the page cache where that can be avoided: there neither the disk nor its limit would be met. */
    private static final String DISK = """
            cd /home/user
            exec 2>/dev/null
            while dd if=/dev/zero of=fill bs=1M count=16 conv=fsync; do
                dd if=fill of=/dev/null bs=1M iflag=direct || cat fill >/dev/null
                echo
            done""";

    private static SandboxSpec spec(Limits limits) {
        return new SandboxSpec("busybox", Profile.DEFAULT, limits, NetworkMode.NONE, false, "sandbox", List.of(), 0);
    }

    /** With a limit of the disk's speed where the kernel can hold one. */
    private static Limits withDiskSpeed(Place place) {
        return BlockDevices.below(place.data()).isPresent()
                ? LIMITS.withIo(IoLimits.bytesPerSecond(Size.ofMib(64)))
                : LIMITS;
    }

    @Test
    void neighboursAtFullLoadTakeNoShare() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Neighbours fair = new Neighbours();
                Neighbours noisy = new Neighbours();
                Sandbox quiet = node.create(spec(Limits.DEFAULT.withCpus(QUIET)));
                Counted work = work(quiet)) {
            for (int i = 0; i < 3; i++) {
                fair.add(node.create(spec(LIMITS)), LOOPS);
            }
            // All compute, as the fair ones do; one for each other limit, because at one nothing else would be started.
            Sandbox crowd = noisy.add(node.create(spec(LIMITS)), LOOPS, FORKS);
            Sandbox memory = noisy.add(node.create(spec(LIMITS)), LOOP, MEMORY);
            noisy.add(node.create(spec(withDiskSpeed(place))), LOOP, DISK);
            Counted disk = noisy.jobs.getLast();
            Place.until("processes up to their limit", 10, () -> usage(crowd).pids() >= PIDS - 8);
            Place.until("a kill at the memory limit", 10, () -> usage(memory).oomKills() > 0);
            Place.until("a file written and read", 10, () -> disk.lines.get() > 0);

            double best = 0;
            for (int i = 0; i < TRIES && best < BAR; i++) {
                long kills = usage(memory).oomKills();
                long files = disk.lines.get();
                List<Pair> pairs = pairs(quiet, work, fair, noisy);
                best = Math.max(best, share(pairs));

                assertComputing(pairs);
                noisy.sandboxes.forEach(sandbox -> sandbox.cgroup().thaw());
                Place.until(
                        "processes at their limit, still",
                        10,
                        () -> usage(crowd).pids() >= PIDS - 8);
                Place.until(
                        "one more kill at the memory limit",
                        20,
                        () -> usage(memory).oomKills() > kills);
                Place.until("one more file written and read", 20, () -> disk.lines.get() > files);
            }
            System.out.printf("neighbours at full load leave %.0f %% of the fair share%n", 100 * best);
            assertThat(best).isGreaterThanOrEqualTo(BAR);
        }
    }

    /** The same measure sees neighbours that no limit holds. Loops only: without limits, the rest would hit the host. */
    @Test
    void neighboursWithoutLimitsTakeIt() throws Exception {
        try (Place place = Place.make();
                Place lifted = Place.make();
                Node node = place.open(place.settings());
                Node unlimited = lifted.open(
                        lifted.settings().withSwitches(new TestSwitches(EnumSet.of(TestSwitches.Layer.CGROUPS))));
                Neighbours fair = new Neighbours();
                Neighbours noisy = new Neighbours();
                Sandbox quiet = node.create(spec(Limits.DEFAULT.withCpus(QUIET)));
                Counted work = work(quiet)) {
            for (int i = 0; i < 3; i++) {
                fair.add(node.create(spec(LIMITS)), LOOPS);
            }
            for (int i = 0; i < 8; i++) { // not three: each still has only its part by weight
                Sandbox one = noisy.add(unlimited.create(spec(LIMITS)), LOOPS);
                Place.until("it runs", 10, () -> usage(one).pids() > 8);
            }
            double worst = 1;
            for (int i = 0; i < TRIES && worst >= BAR; i++) {
                worst = Math.min(worst, share(pairs(quiet, work, fair, noisy)));
            }
            System.out.printf("neighbours without limits leave %.0f %%%n", 100 * worst);
            assertThat(worst).isLessThan(BAR);
        }
    }

    /** The noisy ones took what is theirs (half of it, should the machine have been too busy), and not more. */
    private static void assertComputing(List<Pair> pairs) {
        double millis = pairs.size() * WINDOW_MILLIS;
        double own = pairs.stream().mapToDouble(pair -> pair.noisy.quiet).sum();
        for (int i = 0; i < 3; i++) {
            int one = i;
            assertThat(pairs.stream()
                            .mapToDouble(pair -> pair.noisy.neighbours.get(one))
                            .sum())
                    .as("ms of neighbour %d in %.0f, where the quiet one had %.0f", one, millis, own)
                    .isBetween(Math.min(NOISY_SHARE * millis, own) / 2, NOISY_SHARE * millis * 1.25);
        }
    }

    private static List<Pair> pairs(Sandbox quiet, Counted work, Neighbours fair, Neighbours noisy) throws Exception {
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            if (i % 2 == 0) { // what drifts favours neither
                Window first = window(quiet, work, fair, noisy);
                pairs.add(new Pair(first, window(quiet, work, noisy, fair)));
            } else {
                Window first = window(quiet, work, noisy, fair);
                pairs.add(new Pair(window(quiet, work, fair, noisy), first));
            }
        }
        return pairs;
    }

    private static double share(List<Pair> pairs) {
        double[] shares = pairs.stream()
                .mapToDouble(pair -> pair.noisy.linesPerSecond / pair.fair.linesPerSecond)
                .sorted()
                .toArray();
        return shares[shares.length / 2];
    }

    private static Window window(Sandbox quiet, Counted work, Neighbours awake, Neighbours frozen) throws Exception {
        frozen.sandboxes.forEach(sandbox -> sandbox.cgroup().freeze());
        awake.sandboxes.forEach(sandbox -> sandbox.cgroup().thaw());
        TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
        double before = cpuMillis(quiet);
        List<Double> then = awake.cpuMillis();
        double linesPerSecond = work.linesPerSecond();
        List<Double> now = awake.cpuMillis();
        List<Double> used = new ArrayList<>();
        for (int i = 0; i < now.size(); i++) {
            used.add(now.get(i) - then.get(i));
        }
        return new Window(linesPerSecond, cpuMillis(quiet) - before, used);
    }

    private static double cpuMillis(Sandbox sandbox) {
        return usage(sandbox).cpu().toNanos() / 1e6;
    }

    private static Usage usage(Sandbox sandbox) {
        return sandbox.cgroup().usage();
    }

    /** What the quiet one did, and milliseconds of the processor that it and each neighbour awake took. */
    private record Window(double linesPerSecond, double quiet, List<Double> neighbours) {}

    /** One window beside either kind of neighbours. */
    private record Pair(Window fair, Window noisy) {}

    /** Sandboxes and what runs in them. */
    private record Neighbours(List<Sandbox> sandboxes, List<Counted> jobs) implements AutoCloseable {
        Neighbours() {
            this(new ArrayList<>(), new ArrayList<>());
        }

        Sandbox add(Sandbox sandbox, String... scripts) {
            sandboxes.add(sandbox);
            for (String script : scripts) {
                jobs.add(Counted.start(sandbox, script));
            }
            return sandbox;
        }

        List<Double> cpuMillis() {
            return sandboxes.stream().map(NeighbourTest::cpuMillis).toList();
        }

        @Override
        public void close() {
            sandboxes.forEach(sandbox -> sandbox.cgroup().thaw());
            jobs.forEach(Counted::close);
            sandboxes.forEach(Sandbox::close);
        }
    }

    /** A shell that counts, a line for every two hundred. */
    private static Counted work(Sandbox quiet) {
        return Counted.start(quiet, "while true; do i=0; while [ $i -lt 200 ]; do i=$((i+1)); done; echo; done");
    }

    /** A job without an end, and the lines that it has printed. */
    private record Counted(GuestJob job, AtomicLong lines) implements AutoCloseable {
        static Counted start(Sandbox sandbox, String script) {
            AtomicLong lines = new AtomicLong();
            RunRequest request = RunRequest.exec("sh", "-c", script).withUser("1000");
            GuestJob job = sandbox.guest().run(request, (running, output) -> {
                if (output instanceof JobOutput.Chunk chunk) {
                    lines.addAndGet(chunk.bytes().remaining());
                }
                running.acknowledge(output.seq());
            });
            return new Counted(job, lines);
        }

        /** Over a window of time. */
        double linesPerSecond() throws InterruptedException {
            long before = lines.get();
            long start = System.nanoTime();
            TimeUnit.MILLISECONDS.sleep(WINDOW_MILLIS);
            return (lines.get() - before) * 1e9 / (System.nanoTime() - start);
        }

        @Override
        public void close() {
            job.close();
        }
    }
}
