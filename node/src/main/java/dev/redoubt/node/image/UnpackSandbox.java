package dev.redoubt.node.image;

import dev.redoubt.linux.Pipe;
import dev.redoubt.node.guest.CollectedOutput;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.SandboxGoneException;
import dev.redoubt.node.image.ImageException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** A program at work in a sandbox of its own, with a pipe to it and one from it. */
final class UnpackSandbox implements AutoCloseable {
    private static final int MAX_COMPLAINT = 4_096;

    private final BareSandbox sandbox;
    private final GuestJob job;
    private final OutputStream input;
    private final InputStream output;
    private final CollectedOutput complaint;

    private UnpackSandbox(
            BareSandbox sandbox, GuestJob job, OutputStream input, InputStream output, CollectedOutput complaint) {
        this.sandbox = sandbox;
        this.job = job;
        this.input = input;
        this.output = output;
        this.complaint = complaint;
    }

    /** Runs it as the only job of {@code sandbox}, which ends when this is closed. */
    static UnpackSandbox run(BareSandbox sandbox, RunRequest request) {
        CollectedOutput complaint = new CollectedOutput(MAX_COMPLAINT);
        Pipe in = Pipe.open();
        Pipe out = Pipe.open();
        try {
            GuestJob job = sandbox.guest().run(request, in.reading(), out.writing(), complaint);
            return new UnpackSandbox(sandbox, job, in.output(), out.input(), complaint);
        } catch (SandboxGoneException died) {
            in.close();
            out.close();
            sandbox.end().run();
            throw new ImageException(Reason.UNPACK_FAILED, "the unpacking sandbox died as it was built", died);
        }
    }

    BareSandbox sandbox() {
        return sandbox;
    }

    GuestJob job() {
        return job;
    }

    /** @return false when the program reads no more: how it ended tells why */
    boolean write(byte[] bytes, int length) {
        try {
            input.write(bytes, 0, length);
            return true;
        } catch (IOException ended) {
            return false;
        }
    }

    void endInput() {
        try {
            input.close();
        } catch (IOException ended) {
            return; // and needs no end of input
        }
    }

    /** What it prints on its standard output. */
    InputStream output() {
        return output;
    }

    /** The beginning of what it printed on its standard error. */
    String complaint() {
        return complaint.errors();
    }

    /** Waits for the program's end and tells it in words; "" when it ended well. */
    String end() {
        try {
            return switch (job.exit().get()) {
                case JobExit.Exited(int code, var _) -> code == 0 ? "" : "it ended with code " + code;
                case JobExit.Signalled(int signal, var _) -> outOfMemory("signal " + signal + " ended it");
                case JobExit.NotStarted(var step, int errno, var _) ->
                    "it was not started: " + step + ", errno " + errno;
            };
        } catch (ExecutionException | CompletionException | CancellationException gone) {
            return outOfMemory("its sandbox ended");
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(Reason.UNPACK_FAILED, "interrupted", asked);
        }
    }

    /** Whether the memory limit has killed something inside. */
    boolean isOutOfMemory() {
        return sandbox.cgroup().oomKills() > 0;
    }

    private String outOfMemory(String otherwise) {
        return isOutOfMemory()
                ? "it needs more memory than the " + UnpackSandboxes.LIMITS.memory() + " it may have"
                : otherwise;
    }

    /** Kills everything inside, by any thread: whoever waits for it is told. {@link #close} is still to be called. */
    void kill() {
        sandbox.cgroup().kill();
    }

    /** When it returns, nothing of it can write any more. */
    @Override
    public void close() {
        sandbox.end().run(); // first: a thread that waits in one of the pipes waits no more
        endInput();
        try {
            output.close();
        } catch (IOException never) {
            throw new ImageException(Reason.UNPACK_FAILED, "cannot close a pipe", never);
        }
    }
}
