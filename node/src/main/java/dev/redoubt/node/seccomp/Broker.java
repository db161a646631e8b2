package dev.redoubt.node.seccomp;

import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.linux.Epoll;
import dev.redoubt.linux.EventFd;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.SeccompListener;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Answers the calls that filters ask about, for all sandboxes of a node.
 *
 * <p>One thread receives, a call of each sandbox in turn, and refuses what the registers tell enough of. It looks at no
 * process's memory and opens no file, so nothing that a sandbox does can hold it up; what needs that goes to a few
 * workers, of which no sandbox gets them all. Nothing is ever let through to the kernel: what a pointer points to may have
 * changed since it was looked at.
 *
 * <p>A sandbox that asks too much is not received from for a while. Its calls wait in the kernel, at its own expense.
 */
public final class Broker implements AutoCloseable {
    static final int SYSINFO = CallNumbers.of("sysinfo");

    private static final long BELL = 0;
    private static final long MILLISECOND = 1_000_000;
    /** After an error that should not be: it may come at every look. */
    private static final long PAUSE = 100 * MILLISECOND;

    private static final int REFUSAL_UNITS = 1;
    private static final int WORK_UNITS = 5;

    private final Epoll epoll = Epoll.create();
    private final EventFd bell = EventFd.create();
    private final InFlight calls;
    private final Workers workers = new Workers();
    private final Map<Long, BrokeredSandbox> watched = new ConcurrentHashMap<>();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicLong tokens = new AtomicLong(BELL);
    private final Thread thread;
    private volatile boolean closed;

    /** Of the thread alone. */
    private final PriorityQueue<Rest> rests = new PriorityQueue<>(Comparator.comparingLong(Rest::until));

    /** A sandbox that is left alone until a time of {@link System#nanoTime}. */
    private record Rest(BrokeredSandbox sandbox, long until) {}

    private Broker(InFlight calls) {
        this.calls = calls;
        this.thread = Thread.ofPlatform().daemon().name("redoubt-broker").unstarted(this::run);
    }

    /** A broker of sandboxes that end with this process. */
    public static Broker start() {
        return start(InFlight.inMemory());
    }

    /**
     * A broker of sandboxes that outlive this process.
     *
     * @param file where calls are kept while they are answered; an earlier broker may have left some
     * @param alive the numbers of the sandboxes that it left
     */
    public static Broker start(Path file, Set<Long> alive) {
        return start(InFlight.shared(file, alive));
    }

    private static Broker start(InFlight calls) {
        SeccompListener.checkKernel();
        Broker broker = new Broker(calls);
        broker.epoll.add(broker.bell.fd().number(), Epoll.READ, BELL);
        broker.thread.start();
        return broker;
    }

    /**
     * Begins to answer a sandbox's calls, those first that an earlier broker received and did not answer.
     *
     * @param number the spawner's number of the sandbox
     * @param listener of its filter; the broker's from now on
     * @param pidfd of its process 1; stays the caller's
     */
    public BrokeredSandbox answer(long number, Fd listener, Fd pidfd, Terms terms) {
        BrokeredSandbox sandbox =
                new BrokeredSandbox(this, number, tokens.incrementAndGet(), listener, pidfd, terms);
        watched.put(sandbox.token(), sandbox);
        List<InFlight.Slot> left = calls.leftOf(number);
        if (!left.isEmpty()) {
            execute(() -> handleAll(sandbox, left));
        }
        epoll.add(listener.number(), Epoll.READ, sandbox.token());
        return sandbox;
    }

    /** How many sandboxes are watched; one that has ended is not. */
    int watched() {
        return watched.size();
    }

    void forget(BrokeredSandbox sandbox) {
        execute(() -> drop(sandbox));
    }

    /** A worker is done with a call of a sandbox that was told to wait for it. */
    void workEnded(BrokeredSandbox sandbox) {
        execute(() -> listen(sandbox));
    }

    private void execute(Runnable task) {
        tasks.add(task);
        if (!closed) {
            bell.ring();
        }
    }

    private void run() {
        while (!closed) {
            epoll.await(untilNextWakes(), this::ready);
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
            wake();
        }
    }

    private void ready(long token, int events) {
        BrokeredSandbox sandbox = watched.get(token);
        if (token == BELL) {
            bell.silence();
        } else if (sandbox == null) {
            return; // dropped since the kernel told us
        } else if ((events & Epoll.READ) != 0) {
            calls.take(sandbox.number()).ifPresentOrElse(slot -> receive(sandbox, slot), () -> rest(sandbox, PAUSE));
        } else {
            drop(sandbox); // nobody is left behind the filter
        }
    }

    private void receive(BrokeredSandbox sandbox, InFlight.Slot slot) {
        if (received(sandbox, slot)) {
            handle(sandbox, slot);
        } else {
            slot.free();
        }
    }

    private boolean received(BrokeredSandbox sandbox, InFlight.Slot slot) {
        try {
            return sandbox.listener().receive(slot.call());
        } catch (LinuxException unexpected) {
            rest(sandbox, PAUSE);
            return false;
        }
    }

    /** What an earlier broker left; by now its caller may be gone, and the sandbox too. */
    private void handleAll(BrokeredSandbox sandbox, List<InFlight.Slot> left) {
        if (watched.containsKey(sandbox.token())) {
            left.forEach(slot -> handle(sandbox, slot));
        } else {
            left.forEach(InFlight.Slot::free);
        }
    }

    private void handle(BrokeredSandbox sandbox, InFlight.Slot slot) {
        long now = System.nanoTime();
        Received received = new Received(slot, now, sandbox.log().hasRoom(now));
        int units =
                switch (sandbox.rule(received.call())) {
                    case Ruling.Refuse(Refusal refusal) -> refuse(sandbox, received, refusal);
                    case Ruling.TellFacts() -> work(sandbox, new Work.TellFacts(received));
                };
        long owed = sandbox.pay(units, now);
        if (owed > 0) {
            rest(sandbox, Math.max(owed, MILLISECOND));
        }
    }

    /** At once, unless its words are wanted, which stand in memory, and a worker is free to look at it. */
    private int refuse(BrokeredSandbox sandbox, Received received, Refusal refusal) {
        if (received.written() && CallWords.hasTexts(received.call().number()) && sandbox.isWelcome()) {
            return work(sandbox, new Work.Refuse(received, refusal));
        }
        boolean waited = sandbox.listener().refuse(received.call().id(), refusal.errno());
        sandbox.note(received, List.of(), refusal.rule(), refusal.outcome(waited));
        received.slot().free();
        return REFUSAL_UNITS;
    }

    private int work(BrokeredSandbox sandbox, Work work) {
        workers.take(sandbox, work);
        listen(sandbox);
        return WORK_UNITS;
    }

    private void rest(BrokeredSandbox sandbox, long nanoseconds) {
        sandbox.rests(true);
        listen(sandbox);
        rests.add(new Rest(sandbox, System.nanoTime() + nanoseconds));
    }

    private void wake() {
        long now = System.nanoTime();
        while (!rests.isEmpty() && rests.peek().until() - now <= 0) {
            BrokeredSandbox sandbox = rests.remove().sandbox();
            sandbox.rests(false);
            listen(sandbox);
        }
    }

    /** In milliseconds, rounded up; -1 when nobody rests. */
    private long untilNextWakes() {
        Rest next = rests.peek();
        return next == null ? -1 : Math.max(0, Math.ceilDiv(next.until() - System.nanoTime(), MILLISECOND));
    }

    /** Receives from it or not, as it is now. */
    private void listen(BrokeredSandbox sandbox) {
        boolean welcome = sandbox.isWelcome();
        if (watched.containsKey(sandbox.token()) && sandbox.watches(welcome)) {
            int interest = welcome ? Epoll.READ : 0;
            epoll.modify(sandbox.listener().fd().number(), interest, sandbox.token());
        }
    }

    private void drop(BrokeredSandbox sandbox) {
        if (watched.remove(sandbox.token()) != null) {
            epoll.remove(sandbox.listener().fd().number());
            sandbox.leave();
        }
    }

    /** Ends the threads. Calls that come from now on wait. */
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
        workers.close();
        watched.values().forEach(BrokeredSandbox::leave);
        watched.clear();
        epoll.close();
        bell.close();
        calls.close();
    }
}
