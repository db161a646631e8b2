package dev.redoubt.node.image;

import dev.redoubt.node.guest.BrokenInputException;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.OutputSink;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.SandboxGoneException;
import dev.redoubt.node.image.ImageException.Reason;
import java.nio.ByteBuffer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** A program at work in a sandbox of its own. */
final class UnpackSandbox implements AutoCloseable {
    private final BareSandbox sandbox;
    private final GuestJob job;

    private UnpackSandbox(BareSandbox sandbox, GuestJob job) {
        this.sandbox = sandbox;
        this.job = job;
    }

    /** Runs it as the only job of {@code sandbox}, which ends when this is closed. */
    static UnpackSandbox run(BareSandbox sandbox, RunRequest request, OutputSink sink) {
        try {
            return new UnpackSandbox(sandbox, sandbox.guest().run(request, sink));
        } catch (SandboxGoneException died) {
            sandbox.end().run();
            throw new ImageException(Reason.UNPACK_FAILED, "the unpacking sandbox died as it was built", died);
        }
    }

    GuestJob job() {
        return job;
    }

    BareSandbox sandbox() {
        return sandbox;
    }

    /** @return false when the program reads no more: how it ended tells why */
    boolean write(byte[] bytes, int length) {
        try {
            job.write(ByteBuffer.wrap(bytes, 0, length));
            return true;
        } catch (BrokenInputException | SandboxGoneException ended) {
            return false;
        } catch (InterruptedException asked) {
            throw interrupted(asked);
        }
    }

    void endInput() {
        try {
            job.closeInput();
        } catch (BrokenInputException | SandboxGoneException ended) {
            return; // and needs no end of input
        } catch (InterruptedException asked) {
            throw interrupted(asked);
        }
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
            throw interrupted(asked);
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

    private static ImageException interrupted(InterruptedException asked) {
        Thread.currentThread().interrupt();
        return new ImageException(Reason.UNPACK_FAILED, "interrupted", asked);
    }

    /** Kills everything inside, by any thread; {@link #close} is still to be called. */
    void kill() {
        sandbox.cgroup().kill();
    }

    /** When it returns, nothing of it can write any more. */
    @Override
    public void close() {
        sandbox.end().run();
    }
}
