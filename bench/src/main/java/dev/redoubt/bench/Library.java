package dev.redoubt.bench;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.CollectedOutput;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.OutputSink;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ours: sandboxes with all their walls, by the node library in this process. */
final class Library implements AutoCloseable {
    static final String NAME = "redoubt";
    static final String WITHOUT_BROKER = "redoubt, nobody asked";
    private static final long PATIENCE_SECONDS = 60;
    private static final int MOST_OUTPUT = 1 << 20;
    private static final List<String> WORD = List.of("/bin/echo", "ready");

    private final Node node;

    private Library(Node node) {
        this.node = node;
    }

    static Library open(NodeSettings settings) {
        return new Library(Node.open(settings));
    }

    Node node() {
        return node;
    }

    Sandbox create(String image) {
        return node.create(SandboxSpec.of(image));
    }

    Sandbox create(String image, Driver driver) {
        return node.create(SandboxSpec.of(image).withDriver(driver));
    }

    Sandbox create(String image, List<HostMount> mounts) {
        return create(image, mounts, PathPatterns.NONE);
    }

    Sandbox create(String image, List<HostMount> mounts, PathPatterns patterns) {
        SandboxSpec plain = SandboxSpec.of(image);
        SandboxSpec spec = new SandboxSpec(
                image,
                plain.profile(),
                plain.limits(),
                plain.network(),
                plain.readOnly(),
                plain.hostname(),
                mounts,
                plain.mountUid());
        return node.create(spec.hiding(patterns));
    }

    /**
     * Runs a program that prints something, to its end.
     *
     * @return when its first byte was here, as of {@link System#nanoTime}
     */
    static long firstByte(Sandbox sandbox, List<String> argv) throws InterruptedException {
        CompletableFuture<Long> first = new CompletableFuture<>();
        run(sandbox, argv, (job, output) -> {
            first.complete(System.nanoTime());
            job.acknowledge(output.seq());
        });
        return await(first);
    }

    /**
     * Runs a program to its end.
     *
     * @return when its exit status was known, as of {@link System#nanoTime}
     */
    static long exec(Sandbox sandbox, List<String> argv) throws InterruptedException {
        return run(sandbox, argv, (job, output) -> job.acknowledge(output.seq()));
    }

    /** Runs a program to its end. What it printed. */
    static String output(Sandbox sandbox, List<String> argv) throws InterruptedException {
        CollectedOutput output = new CollectedOutput(MOST_OUTPUT);
        run(sandbox, argv, output);
        return output.text();
    }

    /**
     * Does for a while what a node does all day, back to back. Samples are taken with long rests between them: by
     * themselves they would be over before the compiler thinks that anything here is worth compiling.
     */
    void warmUp(String image, int sandboxes, int jobsInEach) throws InterruptedException {
        for (int i = 0; i < sandboxes; i++) {
            try (Sandbox sandbox = create(image)) {
                for (int job = 0; job < jobsInEach; job++) {
                    firstByte(sandbox, WORD);
                }
            }
        }
    }

    private static long run(Sandbox sandbox, List<String> argv, OutputSink sink) throws InterruptedException {
        // As the images' ordinary user, who has no capability at all.
        RunRequest request = RunRequest.exec(argv.toArray(String[]::new))
                .withUser("1000")
                .withDirectory("/")
                .withCapabilities(Capability.mask(Capability.ofRootJob(Profile.DEFAULT)), 0);
        try (GuestJob job = sandbox.guest().run(request, sink)) {
            JobExit exit = await(job.exit());
            long end = System.nanoTime();
            if (!(exit instanceof JobExit.Exited(int code, var usage)) || code != 0) {
                throw new Problem(ProblemCode.INTERNAL, argv.getFirst() + " in a sandbox ended with " + exit);
            }
            return end;
        }
    }

    private static <T> T await(Future<T> answer) throws InterruptedException {
        try {
            return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failed) {
            throw new Problem(ProblemCode.INTERNAL, "a job in a sandbox did not end: " + failed.getMessage(), failed);
        }
    }

    @Override
    public void close() {
        node.close();
    }
}
