package dev.redoubt.e2e;

import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.JobOutput;
import dev.redoubt.node.guest.OutputSink;
import dev.redoubt.node.guest.RunRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Runs a command inside and collects what it prints. */
final class Jobs {
    private static final int SECONDS = 60;

    private Jobs() {}

    /** How it ended and all it printed, output and errors in one. */
    record Result(JobExit exit, String text) {
        int code() {
            return exit instanceof JobExit.Exited exited ? exited.code() : -1;
        }
    }

    static Result run(Sandbox sandbox, String user, String... argv) throws Exception {
        return run(sandbox, RunRequest.exec(argv).withUser(user));
    }

    static Result run(Sandbox sandbox, RunRequest request) throws Exception {
        StringBuilder text = new StringBuilder();
        try (GuestJob job = sandbox.guest().run(request, into(text))) {
            JobExit exit = job.exit().get(SECONDS, TimeUnit.SECONDS);
            synchronized (text) {
                return new Result(exit, text.toString());
            }
        }
    }

    static OutputSink into(StringBuilder text) {
        return (job, output) -> {
            if (output instanceof JobOutput.Chunk chunk) {
                ByteBuffer bytes = chunk.bytes().duplicate();
                synchronized (text) {
                    text.append(StandardCharsets.UTF_8.decode(bytes));
                }
            }
            job.acknowledge(output.seq());
        };
    }
}
