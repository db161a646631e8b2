package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Epoll;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.EventFd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxThread;
import dev.redoubt.linux.ThreadTime;
import dev.redoubt.linux.ThreadUser;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The threads that look at memory and open files. They start when the first has something to do.
 *
 * <p>Work comes to them in two ways: calls that the broker's thread has received and cannot answer by their registers, and
 * sandboxes whose every open is asked about. Those they receive from themselves: one hand less between a program and its
 * files, and of each sandbox one call at a time.
 *
 * <p>A sandbox can make an open wait for as long as it likes: one that truncates waits for whoever writes to the file, and a
 * write may be slowed down by the sandbox's own limits. A worker that is held so is replaced until it is free again. Each
 * sandbox holds as many as it may have calls with them, so there are never more than three for each.
 */
final class Workers {
    private static final int USUAL = 4;
    private static final long HELD =
            20_000_000; // nanoseconds; on a disk that is not slowed down few opens take as long
    private static final Duration FAREWELL = Duration.ofSeconds(2);
    private static final int LAST = 19; // setpriority(2)
    private static final long BELL = 0;
    private static final long IDLE = Long.MIN_VALUE;

    private final Broker broker;
    private final String name;
    private final int most;
    private final int nice;
    private final Epoll epoll = Epoll.create();
    private final EventFd bell = EventFd.counting();
    private final Queue<Runnable> jobs = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean watching = new AtomicBoolean();
    private volatile boolean closed;

    /** Guarded by this. */
    private final List<Worker> workers = new ArrayList<>();

    /** How many there are to be at the moment, and whether there are more. */
    private volatile int wanted;

    private volatile boolean hasMore;

    private Workers(Broker broker, String name, int most, int nice) {
        this.broker = broker;
        this.name = name;
        this.most = most;
        this.nice = nice;
        this.wanted = most;
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
        while (!closed && workers.size() < wanted) {
            Worker worker = new Worker();
            workers.add(worker);
            worker.thread.start();
        }
    }

    /** Whether one who has nothing in hand ends, because there are more than there are to be. */
    private boolean leaves(Worker worker) {
        if (!hasMore) {
            return false;
        }
        synchronized (this) {
            boolean leaves = workers.size() > wanted && workers.remove(worker);
            hasMore = workers.size() > wanted;
            return leaves;
        }
    }

    /** Looks a while after one of them has begun something whether it is held by it, and again until nobody is busy. */
    private void watchWorkers() {
        if (!watching.get() && watching.compareAndSet(false, true)) {
            broker.after(HELD, this::lookAtWorkers);
        }
    }

    private void lookAtWorkers() {
        watching.set(false);
        List<Worker> all;
        synchronized (this) {
            all = List.copyOf(workers);
        }
        long now = System.nanoTime();
        wanted = most + (int) all.stream().filter(worker -> worker.isHeld(now)).count();
        start();
        hasMore = all.size() > wanted;
        if (all.stream().anyMatch(worker -> worker.busySince != IDLE)) {
            watchWorkers();
        }
    }

    private final class Worker {
        private final Thread thread =
                Thread.ofPlatform().daemon().name(name + (workers.size() + 1)).unstarted(this::run);
        private volatile int number;

        /** In {@link System#nanoTime}. */
        private volatile long busySince = IDLE;

        private void run() {
            ThreadUser.detach();
            ThreadTime.nice(nice);
            number = LinuxThread.self();
            while (!closed && !leaves(this)) {
                epoll.awaitOne(this::work);
            }
        }

        private void work(long token, int events) {
            busySince = Math.max(System.nanoTime(), IDLE + 1);
            watchWorkers();
            Broker.guarded(() -> ready(token, events));
            busySince = IDLE;
        }

        private boolean isHeld(long now) {
            long since = busySince;
            return since != IDLE && now - since > HELD && LinuxThread.isBlocked(number);
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

    /**
     * They end when they are done with what they have in hand.
     *
     * @return false when one is held: it ends by itself as soon as it is not, and uses until then what the broker has
     */
    boolean end() {
        closed = true;
        List<Worker> all;
        synchronized (this) {
            all = List.copyOf(workers);
        }
        all.forEach(worker -> bell.ring());
        long until = System.nanoTime() + FAREWELL.toNanos();
        try {
            for (Worker worker : all) {
                if (!worker.thread.join(Duration.ofNanos(Math.max(1, until - System.nanoTime())))) {
                    return false;
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return false;
        }
        epoll.close();
        bell.close();
        return true;
    }
}
