package dev.redoubt.node.guest;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.guest.JobExit.NotStarted;
import dev.redoubt.node.guest.JobExit.StartStep;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One job in a sandbox.
 *
 * <p>What it prints goes to its sink with sequence numbers. The guest keeps everything that was not acknowledged, its end
 * too: {@link #close} when done, else it is kept until the sandbox ends.
 */
public final class GuestJob implements AutoCloseable {
    private final GuestChannel channel;
    private final int number;
    private final OutputSink sink;
    private final JobInput input;
    private final CompletableFuture<Integer> started = new CompletableFuture<>();
    private final CompletableFuture<JobExit> exit = new CompletableFuture<>();
    private final Unacknowledged unacknowledged = new Unacknowledged();
    private final AtomicLong dealtWith;
    private volatile long delivered;
    private volatile boolean complete; // its EXIT was delivered
    private long acknowledged; // sent to the guest; under this object's lock

    GuestJob(GuestChannel channel, int number, OutputSink sink, long lastSeq, boolean fresh) {
        this.channel = channel;
        this.number = number;
        this.sink = sink;
        this.input = new JobInput(channel, number, fresh);
        this.dealtWith = new AtomicLong(lastSeq);
        this.delivered = lastSeq;
        this.acknowledged = lastSeq;
    }

    /** Its number, unique in the sandbox; what {@link GuestChannel#resume} wants. */
    public int number() {
        return number;
    }

    /** Its pid inside the sandbox, once it runs; cancelled when it never will or ran before this channel was there. */
    public CompletableFuture<Integer> started() {
        return started.copy();
    }

    /** How it ended, after its last output; fails with {@link SandboxGoneException} when the sandbox ended
     * first, with {@link ResumeRefusedException} when there was nothing to resume. */
    public CompletableFuture<JobExit> exit() {
        return exit.copy();
    }

    /** Highest sequence number delivered so far, the end's included. */
    public long delivered() {
        return delivered;
    }

    /** Nothing can lose the output up to {@code seq} any more; the guest may forget it. By any thread, in any order. */
    public void acknowledge(long seq) {
        if (seq > delivered) {
            throw new IllegalArgumentException("seq " + seq + " was not delivered; the last is " + delivered);
        }
        dealtWith.accumulateAndGet(seq, Math::max);
        if (channel.isLoopThread()) {
            channel.acknowledgeSoon(this);
        } else {
            sendAcknowledgement();
        }
    }

    /** Whether the guest keeps so much for us that it should soon hear what we have dealt with. */
    boolean owesMuch() {
        return complete || unacknowledged.isMuch();
    }

    void sendAcknowledgement() {
        try {
            acknowledgeAll();
        } catch (SandboxGoneException gone) {
            return; // and everything that was kept with it
        }
        if (complete && dealtWith.get() == delivered) {
            channel.forget(this);
        }
    }

    private void acknowledgeAll() {
        synchronized (this) {
            long seq = dealtWith.get();
            if (seq <= acknowledged) {
                return;
            }
            acknowledged = seq;
            unacknowledged.remove(seq);
            channel.send(new ToGuest.Ack(number, seq));
        }
    }

    /**
     * Gives it input, waiting while it has enough to read. Not on the loop's thread, which would wait for itself.
     *
     * @throws BrokenInputException when the job reads no more
     */
    public void write(ByteBuffer bytes) throws BrokenInputException, InterruptedException {
        refuseLoopThread();
        input.write(bytes);
    }

    /** Ends its input: it reads the end of file after what was written; a terminal, its end-of-file character. */
    public void closeInput() throws BrokenInputException, InterruptedException {
        refuseLoopThread();
        input.end();
    }

    private void refuseLoopThread() {
        if (channel.isLoopThread()) {
            throw new IllegalStateException("input is not written on the loop's thread");
        }
    }

    /** Sends a signal to its process group (signal(7)). A job that has ended does not hear it. */
    public void signal(int signal) {
        channel.send(new ToGuest.Signal(number, signal, false));
    }

    /** Sends a signal to everything of its session, background jobs of its shell included. */
    public void signalSession(int signal) {
        channel.send(new ToGuest.Signal(number, signal, true));
    }

    /** Tells its terminal the new size, and its foreground processes by SIGWINCH. */
    public void resize(TerminalSize size) {
        channel.send(new ToGuest.Resize(number, size));
    }

    // On the loop's thread

    void deliver(FromGuest.Kept frame) {
        if (frame.seq() != delivered + 1) {
            return; // sent to the process before us, or sent again by the resume: it comes in its turn, or came
        }
        if (frame instanceof FromGuest.Output output) {
            // Counted before anybody can acknowledge it: taken off before it is put on, it would count for ever
            unacknowledged.add(output.seq(), output.size());
        }
        delivered = frame.seq();
        switch (frame) {
            // Not acknowledged by itself: a caller that resumes after seq 0 must find it
            case FromGuest.Started(int job, long seq, int pid) -> started.complete(pid);
            case FromGuest.Output(int job, long seq, JobOutput output, int size) -> sink.accept(this, output);
            case FromGuest.Exit(int job, long seq, JobExit how) -> end(how);
        }
    }

    private void end(JobExit how) {
        complete = true;
        input.broken();
        started.cancel(false);
        exit.complete(how);
    }

    void window(long taken, int size) {
        input.window(taken, size);
    }

    void resumed(long taken, long received) {
        input.resumed(taken, received);
    }

    void refused(FromGuest.Refused refused) {
        switch (refused.frame()) {
            case Frame.STDIN -> input.broken();
            case Frame.RUN -> {
                channel.forget(this);
                end(new NotStarted(StartStep.REFUSED, refused.errno(), JobUsage.NONE));
            }
            case Frame.RESUME -> {
                channel.forget(this);
                gone(new ResumeRefusedException(number, refused.errno(), refused.message()));
            }
            case Frame.SIGNAL, Frame.RESIZE, Frame.ACK, Frame.CLOSE -> {
                // It ended in the meantime (ESRCH), which its exit tells.
            }
            default ->
                throw new GuestMisbehavedException("refused a frame it did not get: " + refused.message() + ", "
                        + Errno.describe(refused.errno()));
        }
    }

    void gone(RuntimeException why) {
        input.broken();
        started.completeExceptionally(why);
        exit.completeExceptionally(why);
    }

    /**
     * Lets go of it: a job that ended is forgotten by the guest, one that runs is killed with its session and its output
     * dropped. Does nothing when the sandbox is gone.
     */
    @Override
    public void close() {
        try {
            if (complete) {
                acknowledge(delivered);
                return;
            }
            channel.discard(number);
        } catch (SandboxGoneException gone) {
            return; // and the job with it
        }
        input.broken();
        started.cancel(false);
        exit.cancel(false);
    }
}
