package dev.redoubt.node.guest;

import dev.redoubt.linux.Epoll;
import dev.redoubt.linux.EventFd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The one thread that reads the channels of all sandboxes of this process.
 *
 * <p>A platform thread: it sleeps inside a foreign call, which would hold a carrier of virtual threads. Sinks and
 * listeners run on it, so they must not block, and must not throw.
 */
public final class GuestLoop implements AutoCloseable {
    private static final long BELL = 0;
    private static final Duration QUIET = Duration.ofMillis(1);

    /** A guest that keeps much for others leaves a job room for 8 KiB: it must hear soon, also when it is never quiet. */
    private static final long LATE_NANOS = Duration.ofMillis(2).toNanos();

    private final Epoll epoll = Epoll.create();
    private final EventFd bell = EventFd.create();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(Frame.HEADER + Frame.PAYLOAD, 8);
    private final Map<Long, GuestChannel> channels = new ConcurrentHashMap<>();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Set<GuestJob> toAcknowledge = new LinkedHashSet<>(); // of the loop's thread alone
    private long allAcknowledged; // System.nanoTime() when nothing was left to acknowledge; of the loop's thread alone
    private final AtomicLong tokens = new AtomicLong(BELL);
    private final Thread thread;
    private volatile boolean closed;

    private GuestLoop() {
        thread = Thread.ofPlatform().daemon().name("redoubt-guests").unstarted(this::run);
    }

    public static GuestLoop start() {
        GuestLoop loop = new GuestLoop();
        loop.epoll.add(loop.bell.fd().number(), Epoll.READ, BELL);
        loop.thread.start();
        return loop;
    }

    boolean isCurrentThread() {
        return Thread.currentThread().equals(thread);
    }

    /** @return the token of the channel's watch */
    long add(GuestChannel channel, int descriptor) {
        if (closed) {
            throw new IllegalStateException("the loop is closed");
        }
        long token = tokens.incrementAndGet();
        channels.put(token, channel);
        epoll.add(descriptor, Epoll.READ, token);
        return token;
    }

    void watchWriting(long token, int descriptor, boolean writing) {
        epoll.modify(descriptor, writing ? Epoll.READ | Epoll.WRITE : Epoll.READ, token);
    }

    void remove(long token, int descriptor) {
        if (channels.remove(token) != null) {
            epoll.remove(descriptor);
        }
    }

    void acknowledgeSoon(GuestJob job) {
        toAcknowledge.add(job);
    }

    /** Runs it on the loop's thread, soon. */
    void execute(Runnable task) {
        tasks.add(task);
        bell.ring();
    }

    private void run() {
        try {
            while (!closed) {
                awaitEvents();
                runTasks();
            }
            runTasks();
        } finally {
            // Also when a sink threw: nobody waits for ever on a loop that is gone.
            channels.values().forEach(channel -> channel.gone("the loop has ended"));
            closed = true;
        }
    }

    /**
     * Many small pieces cost one acknowledgement: it is sent when enough has come together, when it is quiet, or when it is
     * late.
     */
    private void awaitEvents() {
        boolean due = false;
        if (toAcknowledge.isEmpty()) {
            epoll.await(this::ready);
            allAcknowledged = System.nanoTime();
        } else {
            due = !epoll.await(QUIET, this::ready) || System.nanoTime() - allAcknowledged > LATE_NANOS;
        }
        if (due) {
            allAcknowledged = System.nanoTime();
        }
        for (Iterator<GuestJob> jobs = toAcknowledge.iterator(); jobs.hasNext(); ) {
            GuestJob job = jobs.next();
            if (due || job.owesMuch()) {
                jobs.remove();
                job.sendAcknowledgement();
            }
        }
    }

    private void ready(long token) {
        if (token == BELL) {
            bell.silence();
            return;
        }
        GuestChannel channel = channels.get(token);
        if (channel != null) {
            channel.ready(buffer);
        }
    }

    private void runTasks() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /** Ends the thread; channels that are still open end as if their sandboxes had. */
    @Override
    public void close() {
        closed = true;
        bell.ring();
        try {
            thread.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return;
        }
        epoll.close();
        bell.close();
        arena.close();
    }
}
