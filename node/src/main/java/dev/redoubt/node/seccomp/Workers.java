package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Epoll;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.EventFd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.ThreadUser;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The threads that look at memory and open files. They start when the first has something to do.
 *
 * <p>Work comes to them in two ways: calls that the broker's thread has received and cannot answer by their registers, and
 * sandboxes whose every open is asked about. Those they receive from themselves: one hand less between a program and its
 * files, and of each sandbox one call at a time.
 */
final class Workers implements AutoCloseable {
    private static final int MOST = 4;
    private static final long BELL = 0;

    private final Broker broker;
    private final Epoll epoll = Epoll.create();
    private final EventFd bell = EventFd.counting();
    private final Queue<Runnable> jobs = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    Workers(Broker broker) {
        this.broker = broker;
        epoll.add(bell.fd().number(), Epoll.READ, BELL);
    }

    /** Has it done by one of them. */
    void execute(Runnable job) {
        start();
        jobs.add(job);
        bell.ring();
    }

    /** Watches a sandbox whose calls they receive themselves. */
    void watch(BrokeredSandbox sandbox) {
        start();
        epoll.add(sandbox.listener().fd().number(), Epoll.READ | Epoll.ONCE, sandbox.token());
    }

    void watchAgain(BrokeredSandbox sandbox) {
        try {
            epoll.modify(sandbox.listener().fd().number(), Epoll.READ | Epoll.ONCE, sandbox.token());
        } catch (LinuxException dropped) {
            if (dropped.errno() != Errno.ENOENT) {
                throw dropped;
            }
        }
    }

    void unwatch(BrokeredSandbox sandbox) {
        epoll.remove(sandbox.listener().fd().number());
    }

    private synchronized void start() {
        while (!closed && threads.size() < MOST) {
            String name = "redoubt-broker-" + (threads.size() + 1);
            threads.add(Thread.ofPlatform().daemon().name(name).start(this::run));
        }
    }

    private void run() {
        ThreadUser.detach();
        while (!closed) {
            epoll.awaitOne((token, events) -> Broker.guarded(() -> ready(token, events)));
        }
    }

    private void ready(long token, int events) {
        if (token != BELL) {
            broker.readyForWorker(token, events);
        } else if (bell.silence()) {
            Runnable job = jobs.poll();
            if (job != null) {
                job.run();
            }
        }
    }

    /** They end when they are done with what they have in hand. */
    @Override
    public void close() {
        closed = true;
        List<Thread> started;
        synchronized (this) {
            started = List.copyOf(threads);
        }
        started.forEach(thread -> bell.ring());
        try {
            for (Thread thread : started) {
                thread.join();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return;
        }
        epoll.close();
        bell.close();
    }
}
