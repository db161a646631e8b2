package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.walls.report.SignedReport;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A walls report of a sandbox that runs, with few processes and with many; and its signature. What a node pays every eight
 * seconds for each of its sandboxes is the first of them.
 */
final class Walls implements Bench.Benchmark {
    private static final int MANY = 100;
    private static final int WARM_UPS = 300;
    private static final int AT_ONCE = 10;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

    @Override
    public void measure(Bench bench) throws IOException, InterruptedException {
        try (Library library = bench.library(0)) {
            String image = Roots.busybox(library.node().images()).image();
            try (Sandbox idle = library.create(image);
                    Sandbox busy = library.create(image);
                    GuestJob _ = start(busy)) {
                for (int i = bench.rounds(3, WARM_UPS); i > 0; i--) {
                    idle.walls().read();
                    busy.walls().read();
                }
                bench.turns()
                        .take(
                                List.of(
                                        subject("redoubt, process 1 alone", library, idle),
                                        subject("redoubt, " + MANY + " processes", library, busy)),
                                bench.rounds(0, 1),
                                bench.rounds(1, 10));
            }
        }
    }

    private static GuestJob start(Sandbox sandbox) throws InterruptedException {
        GuestJob job = sandbox.guest()
                .run(
                        RunRequest.exec(
                                        "sh",
                                        "-c",
                                        "i=1; while [ $i -lt " + MANY + " ]; do sleep 86400 & i=$((i+1)); done; wait")
                                .withUser("1000"),
                        (from, output) -> from.acknowledge(output.seq()));
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (sandbox.cgroup().usage().pids() < MANY) {
            if (System.nanoTime() > deadline) {
                throw new Problem(ProblemCode.INTERNAL, "a sandbox does not start " + MANY + " processes");
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        return job;
    }

    private static Subject subject(String name, Library library, Sandbox sandbox) {
        return new Subject(name, sink -> {
            for (int i = 0; i < AT_ONCE; i++) {
                measure(library, sandbox, sink);
            }
        });
    }

    private static void measure(Library library, Sandbox sandbox, Subject.Sink sink) {
        long began = System.nanoTime();
        WallsReport report = sandbox.walls().read();
        long read = System.nanoTime();
        SignedReport signed = SignedReport.of(report, library.node().key());
        long end = System.nanoTime();
        if (signed.report().verdict() != Verdict.AS_ASKED) {
            throw new Problem(ProblemCode.INTERNAL, "walls are not as asked: " + report.worse());
        }
        sink.add("a walls report", Unit.MILLISECONDS, (read - began) / NANOS_PER_MILLI);
        sink.add("its signature", Unit.MILLISECONDS, (end - read) / NANOS_PER_MILLI);
    }
}
