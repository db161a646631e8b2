package dev.redoubt.node.guest;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.flat.FlatReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The channel to the guest of one sandbox.
 *
 * <p>{@link #open} takes the socket of a sandbox that was just launched, {@link #reattach} that of one which another node
 * process used before: then jobs may be there already, to be had by {@link #resume}.
 *
 * <p>Methods may be called by any thread; none waits for the guest. Answers come as futures, completed on the loop's
 * thread: what is chained to them must not block.
 */
public final class GuestChannel implements AutoCloseable {
    private static final int FRAMES_AT_ONCE = 32;

    private final GuestLoop loop;
    private final UnixSocket socket;
    private final long token;
    private final Map<Integer, GuestJob> jobs = new ConcurrentHashMap<>();
    private final Map<Long, CompletableFuture<List<JobState>>> lists = new ConcurrentHashMap<>();
    private final Map<Long, CompletableFuture<Void>> pings = new ConcurrentHashMap<>();
    private final AtomicInteger lastJob = new AtomicInteger();
    private final AtomicLong lastToken = new AtomicLong();
    private final CompletableFuture<GuestReady> ready = new CompletableFuture<>();
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    // Under the lock
    private final Object sending = new Object();
    private final Queue<ToGuest> queue = new ArrayDeque<>();
    private boolean closed;

    private GuestChannel(GuestLoop loop, UnixSocket socket) {
        this.loop = loop;
        this.socket = socket;
        this.token = loop.add(this, socket.fd());
    }

    /** What the guest says of itself when it starts. */
    public record GuestReady(int version, int uid, long capabilities) {}

    /** Takes over the socket of a guest that was just started. Jobs may be run at once; {@link #ready} tells when it is up. */
    public static GuestChannel open(GuestLoop loop, UnixSocket socket) {
        return new GuestChannel(loop, socket);
    }

    /**
     * Takes over the socket of a guest that another process, now dead, talked to.
     *
     * @return the channel, once it is known which jobs there are, so that new ones get numbers of their own
     */
    public static CompletableFuture<GuestChannel> reattach(GuestLoop loop, UnixSocket socket) {
        GuestChannel channel = new GuestChannel(loop, socket);
        return channel.list().thenApply(jobs -> channel);
    }

    /** Completes when a guest that was just started is up; never on a channel that was {@link #reattach}ed. */
    public CompletableFuture<GuestReady> ready() {
        return ready.copy();
    }

    /** Completes with a reason when nothing can be said to the guest any more: mostly because the sandbox ended. */
    public CompletableFuture<String> ended() {
        return ended.copy();
    }

    /**
     * Starts a job. How that went is told by {@link GuestJob#started} and {@link GuestJob#exit}.
     *
     * @throws SandboxGoneException when the sandbox has ended
     */
    public GuestJob run(RunRequest request, OutputSink sink) {
        GuestJob job = register(new GuestJob(this, lastJob.incrementAndGet(), sink, 0, true));
        ByteBuffer all = request.encode();
        while (all.remaining() > Frame.PAYLOAD) {
            send(new ToGuest.Run(job.number(), all.slice(all.position(), Frame.PAYLOAD), true));
            all.position(all.position() + Frame.PAYLOAD);
        }
        send(new ToGuest.Run(job.number(), all, false));
        return job;
    }

    /**
     * Starts a program whose standard input and output are the caller's own: its bytes do not pass through the guest, are
     * not kept, and cannot be resumed. Only its errors come to the sink.
     *
     * @param input what it reads; taken over, closed here when the guest has it
     * @param output what it writes; taken over too
     * @throws SandboxGoneException when the sandbox has ended
     * @throws RequestTooLargeException when the request does not fit in one frame
     */
    public GuestJob run(RunRequest request, Fd input, Fd output, OutputSink sink) {
        ByteBuffer all = request.encodeLent();
        RequestTooLargeException.check("bytes of a request that lends streams", all.remaining(), Frame.PAYLOAD);
        GuestJob job = register(new GuestJob(this, lastJob.incrementAndGet(), sink, 0, true));
        send(new ToGuest.RunLent(job.number(), all, input, output));
        return job;
    }

    /**
     * Goes on with a job that was started through another channel object on the same socket.
     *
     * @param lastSeq highest sequence number that was dealt with; what follows is delivered, without gap or repetition
     * @throws SandboxGoneException when the sandbox has ended
     */
    public GuestJob resume(int number, long lastSeq, OutputSink sink) {
        GuestJob job = register(new GuestJob(this, number, sink, lastSeq, false));
        send(new ToGuest.Resume(number, lastSeq));
        return job;
    }

    /** Kills a job that nobody wants to resume, and forgets what it printed. */
    public void discard(int number) {
        jobs.remove(number);
        send(new ToGuest.Close(number));
    }

    /** All jobs the guest has, those that wait for the acknowledgement of their end included. */
    public CompletableFuture<List<JobState>> list() {
        long question = lastToken.incrementAndGet();
        CompletableFuture<List<JobState>> answer = new CompletableFuture<>();
        lists.put(question, answer);
        send(new ToGuest.ListJobs(question));
        return answer;
    }

    /** Completes when the guest has answered: it lives and its loop turns. */
    public CompletableFuture<Void> ping() {
        long question = lastToken.incrementAndGet();
        CompletableFuture<Void> answer = new CompletableFuture<>();
        pings.put(question, answer);
        send(new ToGuest.Ping(question));
        return answer;
    }

    private GuestJob register(GuestJob job) {
        if (jobs.putIfAbsent(job.number(), job) != null) {
            throw new IllegalStateException("job " + job.number() + " is in use on this channel");
        }
        return job;
    }

    void forget(GuestJob job) {
        jobs.remove(job.number(), job);
    }

    boolean isLoopThread() {
        return loop.isCurrentThread();
    }

    /** Sent soon, so that many frames cost one acknowledgement. */
    void acknowledgeSoon(GuestJob job) {
        loop.acknowledgeSoon(job);
    }

    /** Sends, or keeps until the guest reads again. In the order of the calls. */
    void send(ToGuest frame) {
        synchronized (sending) {
            if (closed) {
                frame.done();
                throw new SandboxGoneException(ended.getNow("the channel is closed"));
            }
            if (!queue.isEmpty() || !transmit(frame)) {
                if (queue.isEmpty()) {
                    loop.watchWriting(token, socket.fd(), true);
                }
                queue.add(frame);
            }
        }
    }

    /** @return false when the guest's buffer is full. A dead guest's frames vanish: the loop sees its end. */
    private boolean transmit(ToGuest frame) {
        try (Arena arena = Arena.ofConfined()) {
            if (!socket.trySend(frame.encode(arena), frame.descriptors())) {
                return false;
            }
        } catch (LinuxException dead) {
            // gone with everything that it was sent
        }
        frame.done();
        return true;
    }

    private void flush() {
        synchronized (sending) {
            if (closed || queue.isEmpty()) {
                return;
            }
            while (!queue.isEmpty() && transmit(queue.element())) {
                queue.remove();
            }
            if (queue.isEmpty()) {
                loop.watchWriting(token, socket.fd(), false);
            }
        }
    }

    /** On the loop's thread, when there is something to read or room to write. */
    void ready(MemorySegment buffer) {
        flush();
        try {
            for (int i = 0; i < FRAMES_AT_ONCE; i++) {
                UnixSocket.Received received = socket.tryReceive(buffer);
                if (received == null) {
                    break;
                }
                if (received.length() == 0) {
                    gone("the sandbox has ended");
                    return;
                }
                received.closeDescriptors();
                dispatch(FromGuest.decode(buffer.asSlice(0, received.length())));
                if (ended.isDone()) {
                    return; // a sink closed the channel, and with it the socket
                }
            }
        } catch (LinuxException broken) {
            gone("the sandbox has ended: " + broken.getMessage());
        } catch (FlatReader.Malformed | GuestMisbehavedException broken) {
            gone("the guest broke the protocol: " + broken.getMessage());
        }
    }

    private void dispatch(FromGuest frame) {
        switch (frame) {
            case FromGuest.Ready(int version, int uid, long capabilities) ->
                ready.complete(new GuestReady(version, uid, capabilities));
            case FromGuest.Kept kept -> deliver(kept);
            case FromGuest.Window(int number, long taken, int size) -> withJob(number, job -> job.window(taken, size));
            case FromGuest.Resumed(int number, long made, long taken, long received) ->
                withJob(number, job -> job.resumed(taken, received));
            case FromGuest.Jobs(long question, List<JobState> states) -> listed(question, states);
            case FromGuest.Pong(long question) -> ponged(question);
            case FromGuest.Refused refused -> withJob(refused.job(), job -> job.refused(refused));
        }
    }

    /** Frames of a job nobody here asked for are what the guest had sent to the process before us. */
    private void deliver(FromGuest.Kept kept) {
        withJob(kept.job(), job -> job.deliver(kept));
    }

    private void withJob(int number, Consumer<GuestJob> then) {
        GuestJob job = jobs.get(number);
        if (job != null) {
            then.accept(job);
        }
    }

    private void listed(long question, List<JobState> states) {
        states.forEach(state -> lastJob.accumulateAndGet(state.job(), Math::max));
        CompletableFuture<List<JobState>> answer = lists.remove(question);
        if (answer != null) {
            answer.complete(states);
        }
    }

    private void ponged(long question) {
        CompletableFuture<Void> answer = pings.remove(question);
        if (answer != null) {
            answer.complete(null);
        }
    }

    /** Everything that waits for this guest is told that it waits in vain. On the loop's thread. */
    void gone(String reason) {
        synchronized (sending) {
            if (closed) {
                return;
            }
            closed = true;
            queue.forEach(ToGuest::done);
            loop.remove(token, socket.fd());
            socket.close();
        }
        SandboxGoneException why = new SandboxGoneException(reason);
        ended.complete(reason);
        ready.completeExceptionally(why);
        lists.values().forEach(answer -> answer.completeExceptionally(why));
        pings.values().forEach(answer -> answer.completeExceptionally(why));
        jobs.values().forEach(job -> job.gone(why));
    }

    /** Closes this process's end. The sandbox and its jobs go on; another channel on the same socket can resume them. */
    @Override
    public void close() {
        if (loop.isCurrentThread()) {
            gone("the channel was closed");
            return;
        }
        loop.execute(() -> gone("the channel was closed"));
        ended.join();
    }
}
