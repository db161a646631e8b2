package dev.redoubt.app;

import dev.redoubt.linux.SignalHandlers;
import dev.redoubt.linux.Terminal;
import dev.redoubt.node.guest.BrokenInputException;
import dev.redoubt.node.guest.GuestChannel;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.JobOutput;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.SandboxGoneException;
import dev.redoubt.node.guest.TerminalSize;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One command with the streams of this process: bytes in, bytes out, signals through, limits of time watched.
 *
 * <p>Output is acknowledged only when it is written, so a reader of ours that stops stops the command, and nothing is lost.
 */
final class RunSession {
    private static final int SIGPIPE = 13;
    private static final int SIGKILL = 9;
    private static final int REST_OF_OUTPUT_SECONDS = 1;
    private static final int STDIN = 0;
    private static final int BUFFER = 64 * 1024;
    private static final Duration PATIENCE_WITH_READERS = Duration.ofMillis(300);

    private static final String BROKEN_PIPE =
            "Broken pipe"; // Java has no errno; its words are those of strerror(3) in C

    private final Optional<Duration> timeout;
    private final Optional<Duration> idle;
    private final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
    private final Thread writer =
            Thread.ofPlatform().name("redoubt-output").daemon().unstarted(this::writeAll);
    private volatile long lastByte = System.nanoTime();
    private volatile long longestSilence;
    private volatile @Nullable String unwritten;
    private volatile boolean writing;
    /** When a signal first asked for an end. Of the thread that hears signals. */
    private OptionalLong endAsked = OptionalLong.empty();

    RunSession(Optional<Duration> timeout, Optional<Duration> idle) {
        this.timeout = timeout;
        this.idle = idle;
    }

    /** How a command ended, as far as can be told from outside. */
    sealed interface Outcome {
        /** The guest saw it end. */
        record Ended(JobExit exit) implements Outcome {}

        /** A limit of time was reached; the command may still run. */
        record OutOfTime(String limit) implements Outcome {}

        /** The sandbox itself ended, with everything in it. */
        record SandboxGone() implements Outcome {}
    }

    /** What is to be written; without an output, the end of it. */
    private record Piece(@Nullable GuestJob job, @Nullable JobOutput output) {
        static final Piece END = new Piece(null, null);
    }

    /** Runs the command to its end, or to the end of its time. */
    Outcome run(GuestChannel guest, RunRequest request) throws InterruptedException {
        long started = System.nanoTime();
        writer.start();
        try {
            return converse(
                    guest.run(request, (from, output) -> pieces.add(new Piece(from, output))), request, started);
        } catch (SandboxGoneException gone) {
            pieces.add(Piece.END);
            return gone(started);
        }
    }

    private Outcome converse(GuestJob running, RunRequest request, long started) throws InterruptedException {
        // Until here a signal ends us, and the sandbox with us: there is no command yet to be told.
        try (SignalHandlers _ = Signals.passTo(number -> passOn(number, running), () -> resize(running))) {
            if (request.input()) {
                Thread.ofPlatform().name("redoubt-input").daemon().start(() -> readAll(running));
            }
            Outcome outcome = await(running, started);
            if (outcome instanceof Outcome.OutOfTime) {
                kill(running);
            }
            pieces.add(Piece.END);
            if (outcome instanceof Outcome.Ended) {
                writer.join(); // everything it printed, before anybody learns that it ended
            }
            return outcome;
        }
    }

    /**
     * Whoever asks once more for an end, while since the first time nobody has read what the command printed, does not want
     * to wait for a reader: the rest of the output is dropped.
     */
    private void passOn(int signal, GuestJob running) {
        long now = System.nanoTime();
        if (Signals.isToEnd(signal)) {
            boolean unheard = endAsked.isPresent() && now - endAsked.getAsLong() > PATIENCE_WITH_READERS.toNanos();
            if (unheard && writing && lastByte - endAsked.getAsLong() < 0) {
                unwritten = "nobody reads it, and signal " + signal + " came again";
                writer.interrupt();
            }
            endAsked = endAsked.isPresent() ? endAsked : OptionalLong.of(now);
        }
        tell(running, to -> to.signal(signal));
    }

    /** Ended by the node, when we were stopped or slow past a limit: then that is why. */
    private Outcome gone(long started) {
        long now = System.nanoTime();
        return limitReached(started, Math.max(longestSilence, now - lastByte), now)
                .orElseGet(Outcome.SandboxGone::new);
    }

    private Optional<Outcome> limitReached(long started, long silence, long now) {
        if (timeout.isPresent() && now - started >= timeout.get().toNanos()) {
            return Optional.of(new Outcome.OutOfTime("time limit of " + seconds(timeout.get())));
        }
        if (idle.isPresent() && silence >= idle.get().toNanos()) {
            return Optional.of(new Outcome.OutOfTime("idle limit of " + seconds(idle.get())));
        }
        return Optional.empty();
    }

    /** Waits until all that the command printed is written. To be called when its sandbox is gone, for the reader may be slow. */
    void finish() throws InterruptedException {
        writer.join();
    }

    /** Its time is over, but what it printed until then is its reader's: the rest comes while somebody reads. */
    private static void kill(GuestJob running) throws InterruptedException {
        running.signalSession(SIGKILL);
        try {
            running.exit().get(REST_OF_OUTPUT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException notRead) {
            return; // what is here already is written in any case
        }
    }

    private Outcome await(GuestJob running, long started) throws InterruptedException {
        while (true) {
            long now = System.nanoTime();
            long silence = now - lastByte;
            Optional<Outcome> over = limitReached(started, silence, now);
            if (over.isPresent()) {
                return over.get();
            }
            long untilTimeout =
                    timeout.map(limit -> limit.toNanos() - (now - started)).orElse(Long.MAX_VALUE);
            long untilIdle = idle.map(limit -> limit.toNanos() - silence).orElse(Long.MAX_VALUE);
            try {
                return new Outcome.Ended(running.exit().get(Math.min(untilTimeout, untilIdle), TimeUnit.NANOSECONDS));
            } catch (TimeoutException limit) {
                // which limit, and whether a byte came meanwhile, is asked above
            } catch (ExecutionException failed) {
                if (failed.getCause() instanceof SandboxGoneException) {
                    return gone(started);
                }
                throw new IllegalStateException(failed.getCause());
            }
        }
    }

    private static String seconds(Duration limit) {
        double seconds = limit.toMillis() / 1000.0;
        return seconds == Math.rint(seconds) ? Math.round(seconds) + " s" : seconds + " s";
    }

    private void byteMoved() {
        long now = System.nanoTime();
        longestSilence = Math.max(longestSilence, now - lastByte);
        lastByte = now;
    }

    private void writeAll() {
        FileChannel out = new FileOutputStream(FileDescriptor.out).getChannel();
        FileChannel err = new FileOutputStream(FileDescriptor.err).getChannel();
        boolean readerGone = false;
        try {
            for (Piece piece = pieces.take(); piece.output() != null; piece = pieces.take()) {
                if (!readerGone) {
                    readerGone = !written(piece.output(), out, err);
                    if (readerGone) {
                        tell(piece.job(), to -> to.signal(SIGPIPE)); // as if it wrote to our pipe itself
                    }
                }
                if (piece.job() != null) {
                    piece.job().acknowledge(piece.output().seq());
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether somebody still reads. */
    private boolean written(JobOutput output, FileChannel out, FileChannel err) {
        if (!(output instanceof JobOutput.Chunk chunk)) {
            return true; // a run's output is lossless: nothing is ever truncated
        }
        byteMoved();
        FileChannel to = chunk.source() == JobOutput.Source.OUT ? out : err;
        ByteBuffer bytes = chunk.bytes().duplicate();
        try {
            writing = true;
            while (bytes.hasRemaining()) {
                to.write(bytes);
            }
            byteMoved();
            return true;
        } catch (ClosedByInterruptException abandoned) { // by passOn(), which has said why; what comes is dropped
            var _ = Thread.interrupted();
            return false;
        } catch (IOException failed) {
            String reason = String.valueOf(failed.getMessage());
            if (!reason.equals(BROKEN_PIPE)) {
                unwritten = reason;
            }
            return false;
        } finally {
            writing = false;
        }
    }

    /** Why something that was printed got lost. Not where its reader went away, who has read what it wanted. */
    Optional<String> unwritten() {
        return Optional.ofNullable(unwritten);
    }

    private void readAll(GuestJob to) {
        FileChannel in = new FileInputStream(FileDescriptor.in).getChannel();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
        try {
            while (in.read(buffer.clear()) >= 0) {
                byteMoved();
                to.write(buffer.flip());
            }
            to.closeInput();
        } catch (BrokenInputException | SandboxGoneException enough) {
            return; // the command reads no more
        } catch (IOException unreadable) {
            closeQuietly(to);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** Our input cannot be read (a directory, a terminal that is gone): the command sees its end. */
    private static void closeQuietly(GuestJob to) {
        try {
            to.closeInput();
        } catch (BrokenInputException | SandboxGoneException enough) {
            return;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private static void resize(GuestJob job) {
        Terminal terminal = new Terminal(STDIN);
        if (terminal.isTerminal()) {
            Terminal.Size size = terminal.size();
            tell(job, to -> to.resize(new TerminalSize(size.rows(), size.columns())));
        }
    }

    private static void tell(@Nullable GuestJob job, Consumer<GuestJob> word) {
        if (job == null) {
            return;
        }
        try {
            word.accept(job);
        } catch (SandboxGoneException gone) {
            return; // nobody is left to be told
        }
    }
}
