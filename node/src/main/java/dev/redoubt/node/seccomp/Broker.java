package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Epoll;
import dev.redoubt.linux.EventFd;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.SeccompListener;
import dev.redoubt.linux.ThreadTime;
import dev.redoubt.policy.calls.CallNumbers;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

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
    /** When nothing more can be received, or an error comes that should not: it may come at every look. */
    private static final long PAUSE = 100 * MILLISECOND;

    /** Calls of one sandbox before a worker looks at the others. */
    private static final int MOST_AT_ONCE = 64;

    private static final int REFUSAL_UNITS = 1;
    private static final int WORK_UNITS = 5;
    private static final long UNIT = 5_000; // nanoseconds
    /** What takes no longer has the usual price, however slow the machine is at the moment. */
    private static final int LONG_WORK_UNITS = 10 * WORK_UNITS;
    /** 5 ms; a path of 4 KiB without a link takes one or two. */
    private static final int TOO_LONG_UNITS = 1000;

    private final Epoll epoll = Epoll.create();
    private final EventFd bell = EventFd.create();
    private final InFlight calls;
    private final Workers workers = Workers.usual(this);
    private final Workers patient = Workers.patient(this);
    private final Map<Long, BrokeredSandbox> watched = new ConcurrentHashMap<>();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicLong tokens = new AtomicLong(BELL);
    private final Thread thread;
    private volatile boolean closed;

    /** Of the thread alone. */
    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>(Comparator.comparingLong(Alarm::at));

    /** What is to be done at a time of {@link System#nanoTime}. */
    private record Alarm(Runnable step, long at) {}

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
                new BrokeredSandbox(this, number, tokens.incrementAndGet(), listener, pidfd, terms, workers);
        watched.put(sandbox.token(), sandbox);
        List<InFlight.Slot> left = calls.leftOf(number);
        if (!left.isEmpty()) {
            execute(() -> decideAll(sandbox, left));
        }
        if (sandbox.asksAboutOpens()) {
            workers.watch(sandbox);
        } else {
            epoll.add(listener.number(), Epoll.READ, sandbox.token());
        }
        return sandbox;
    }

    void forget(BrokeredSandbox sandbox) {
        execute(() -> drop(sandbox));
    }

    /** A worker is done with a call of a sandbox that was told to wait for it. */
    void workEnded(BrokeredSandbox sandbox) {
        execute(() -> listen(sandbox));
    }

    /** Has something done by the broker's thread in so many nanoseconds. */
    void after(long nanoseconds, Runnable step) {
        Alarm alarm = new Alarm(step, System.nanoTime() + nanoseconds);
        execute(() -> alarms.add(alarm));
    }

    private void execute(Runnable task) {
        tasks.add(task);
        if (!closed) {
            bell.ring();
        }
    }

    private void run() {
        while (!closed) {
            epoll.await(untilNextAlarm(), (token, events) -> guarded(() -> ready(token, events)));
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                guarded(task);
            }
            guarded(this::ring);
        }
    }

    /** A mistake of ours in one call is told, and must not leave all others without an answer. */
    static void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException mistake) { // the edge of a thread that has to live on
            Thread current = Thread.currentThread();
            current.getUncaughtExceptionHandler().uncaughtException(current, mistake);
        }
    }

    private void ready(long token, int events) {
        BrokeredSandbox sandbox = watched.get(token);
        if (token == BELL) {
            bell.silence();
        } else if (sandbox == null) {
            return; // dropped since the kernel told us
        } else if ((events & Epoll.READ) == 0) {
            drop(sandbox); // nobody is left behind the filter
        } else if (!receive(sandbox, received -> decide(sandbox, received))) {
            rest(sandbox, PAUSE);
        }
    }

    /** The same on a worker's thread, for a sandbox that asks about opens. */
    void readyForWorker(long token, int events) {
        BrokeredSandbox sandbox = watched.get(token);
        if (sandbox == null || !sandbox.workBegins()) {
            return;
        }
        if ((events & Epoll.READ) == 0) {
            forget(sandbox);
        } else {
            long rest = answerSome(sandbox);
            if (rest > 0) {
                execute(() -> rest(sandbox, rest));
            } else {
                sandbox.lane().watchAgain(sandbox);
            }
        }
        sandbox.workEnds();
    }

    /**
     * Its calls, one after the other as long as they come: to watch it again when the next is there already would wake
     * another worker on another processor, which takes longer than the call.
     *
     * @return for how many nanoseconds it is to be left alone now
     */
    private long answerSome(BrokeredSandbox sandbox) {
        long before = ThreadTime.nanos();
        for (int i = 0; i < MOST_AT_ONCE; i++) {
            if (!receive(sandbox, received -> answer(sandbox, received))) {
                return PAUSE;
            }
            long after = ThreadTime.nanos();
            int price = price(after - before);
            long owed = sandbox.pay(price, System.nanoTime());
            before = after;
            handOn(sandbox, sandbox.isPatient(price > TOO_LONG_UNITS) ? patient : workers);
            if (owed > 0 || !sandbox.listener().hasCall()) {
                return owed;
            }
        }
        return 0;
    }

    /** One whose calls take long has a worker of its own kind: all others would miss one that is busy for as long as a path is. */
    private static void handOn(BrokeredSandbox sandbox, Workers lane) {
        Workers now = sandbox.lane();
        if (now != lane) {
            lane.takeOver(sandbox, now);
            sandbox.lane(lane);
        }
    }

    private static void answer(BrokeredSandbox sandbox, Received received) {
        Ruling ruling = sandbox.rule(received.call());
        boolean written = ruling instanceof Ruling.Refuse && sandbox.hasRoomForRefusal(received);
        Answers.give(sandbox, received, ruling, written);
    }

    /**
     * Receives a call, if one is still there.
     *
     * @return false when that cannot be done now, and would not work at once again either
     */
    private boolean receive(BrokeredSandbox sandbox, Consumer<Received> handler) {
        Optional<InFlight.Slot> slot = calls.take(sandbox.number());
        if (slot.isEmpty()) {
            return false;
        }
        boolean received;
        try {
            received = sandbox.listener().receive(slot.get().call());
        } catch (LinuxException unexpected) {
            slot.get().free();
            return false;
        }
        if (received) {
            handler.accept(new Received(slot.get(), System.nanoTime()));
        } else {
            slot.get().free();
        }
        return true;
    }

    /** What an earlier broker left; by now its caller may be gone, and the sandbox too. */
    private void decideAll(BrokeredSandbox sandbox, List<InFlight.Slot> left) {
        if (watched.containsKey(sandbox.token())) {
            left.forEach(slot -> decide(sandbox, new Received(slot, System.nanoTime())));
        } else {
            left.forEach(InFlight.Slot::free);
        }
    }

    private void decide(BrokeredSandbox sandbox, Received received) {
        switch (sandbox.rule(received.call())) {
            case Ruling.Refuse refuse -> refuse(sandbox, received, refuse);
            case Ruling ruling -> delegate(sandbox, received, ruling, false);
        }
    }

    /** At once, unless its words are wanted, which stand in memory, and the workers have few enough of this sandbox. */
    private void refuse(BrokeredSandbox sandbox, Received received, Ruling.Refuse ruling) {
        boolean written = sandbox.hasRoomForRefusal(received);
        if (written && CallWords.hasTexts(received.call().number()) && sandbox.isWelcome()) {
            delegate(sandbox, received, ruling, true);
            return;
        }
        sandbox.refuse(received, List.of(), ruling.refusal(), written);
        received.slot().free();
        charge(sandbox, REFUSAL_UNITS);
    }

    private void delegate(BrokeredSandbox sandbox, Received received, Ruling ruling, boolean written) {
        if (!sandbox.workBegins()) {
            throw new IllegalStateException("a sandbox that is watched is open");
        }
        workers.execute(() -> {
            long before = ThreadTime.nanos();
            Answers.give(sandbox, received, ruling, written);
            int more = price(ThreadTime.nanos() - before) - WORK_UNITS;
            if (more > 0) {
                execute(() -> charge(sandbox, more));
            }
            sandbox.workEnds();
        });
        listen(sandbox);
        charge(sandbox, WORK_UNITS);
    }

    /** What a call costs is known when it is answered: a path may lead over thousands of names. */
    private static int price(long nanoseconds) {
        long units = nanoseconds / UNIT;
        return units <= LONG_WORK_UNITS ? WORK_UNITS : (int) Math.min(Integer.MAX_VALUE, units);
    }

    private void charge(BrokeredSandbox sandbox, int units) {
        long owed = sandbox.pay(units, System.nanoTime());
        if (owed > 0) {
            rest(sandbox, owed);
        }
    }

    private void rest(BrokeredSandbox sandbox, long nanoseconds) {
        sandbox.rests(true);
        listen(sandbox);
        alarms.add(new Alarm(() -> wake(sandbox), System.nanoTime() + nanoseconds));
    }

    private void wake(BrokeredSandbox sandbox) {
        sandbox.rests(false);
        listen(sandbox);
    }

    private void ring() {
        long now = System.nanoTime();
        while (!alarms.isEmpty() && alarms.peek().at() - now <= 0) {
            alarms.remove().step().run();
        }
    }

    /** In milliseconds, rounded up; -1 when there is none. */
    private long untilNextAlarm() {
        Alarm next = alarms.peek();
        return next == null ? -1 : Math.max(0, Math.ceilDiv(next.at() - System.nanoTime(), MILLISECOND));
    }

    /** Receives from it or not, as it is now. */
    private void listen(BrokeredSandbox sandbox) {
        boolean welcome = sandbox.isWelcome();
        if (!watched.containsKey(sandbox.token()) || !sandbox.watches(welcome)) {
            return;
        }
        if (!sandbox.asksAboutOpens()) {
            epoll.modify(sandbox.listener().fd().number(), welcome ? Epoll.READ : 0, sandbox.token());
        } else if (welcome) {
            sandbox.lane().watchAgain(sandbox); // of a worker it is not watched until it is watched again
        }
    }

    private void drop(BrokeredSandbox sandbox) {
        if (watched.remove(sandbox.token()) == null) {
            return;
        }
        if (sandbox.asksAboutOpens()) {
            sandbox.lane().unwatch(sandbox);
        } else {
            epoll.remove(sandbox.listener().fd().number());
        }
        sandbox.leave();
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
        boolean ended = workers.end();
        ended = patient.end() && ended; // both are told to end, whatever the other says
        watched.values().forEach(BrokeredSandbox::leave);
        watched.clear();
        epoll.close();
        if (ended) {
            bell.close();
            calls.close();
        }
    }
}
