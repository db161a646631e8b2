package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Epoll;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.EventFd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.ThreadTime;
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
    private static final int USUAL = 4;
    private static final int LAST = 19; // setpriority(2)
    private static final long BELL = 0;

    private final Broker broker;
    private final String name;
    private final int most;
    private final int nice;
    private final Epoll epoll = Epoll.create();
    private final EventFd bell = EventFd.counting();
    private final Queue<Runnable> jobs = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    private Workers(Broker broker, String name, int most, int nice) {
        this.broker = broker;
        this.name = name;
        this.most = most;
        this.nice = nice;
        epoll.add(bell.fd().number(), Epoll.READ, BELL);
    }

    static Workers usual(Broker broker) {
        return new Workers(broker, "redoubt-broker-", USUAL, 0);
    }

    /** One that works when nobody else wants the processor: for sandboxes whose opens take long. */
    static Workers patient(Broker broker) {
        return new Workers(broker, "redoubt-patient-", 1, LAST);
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

    /** Watches one that others have watched so far, from {@link #watchAgain} on. */
    void takeOver(BrokeredSandbox sandbox, Workers others) {
        start();
        others.unwatch(sandbox);
        epoll.add(sandbox.listener().fd().number(), Epoll.ONCE, sandbox.token());
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

    /** Not watched any more is fine: it may have been dropped while it was handed on. */
    void unwatch(BrokeredSandbox sandbox) {
        try {
            epoll.remove(sandbox.listener().fd().number());
        } catch (LinuxException handedOn) {
            if (handedOn.errno() != Errno.ENOENT) {
                throw handedOn;
            }
        }
    }

    private synchronized void start() {
        while (!closed && threads.size() < most) {
            threads.add(Thread.ofPlatform()
                    .daemon()
                    .name(name + (threads.size() + 1))
                    .start(this::run));
        }
    }

    private void run() {
        ThreadUser.detach();
        ThreadTime.nice(nice);
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
