package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.NotifiedCall;
import dev.redoubt.linux.PidNamespace;
import dev.redoubt.linux.SeccompListener;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** One sandbox as the broker has it. When it is closed nobody answers any more: the sandbox's calls wait. */
public final class BrokeredSandbox implements AutoCloseable {
    /** Calls of one sandbox that are with the workers at the same time: nobody takes them all. */
    private static final int MOST_WORK = 2;

    /** A refusal takes about 5 µs of the broker: so many are 5 % of a processor. */
    private static final int UNITS_PER_SECOND = 10_000;

    private static final int UNITS_AT_ONCE = 20_000;

    private final Broker broker;
    private final long number;
    private final long token;
    private final SeccompListener listener;
    private final Optional<PidNamespace> namespace;
    private final Terms terms;
    private final Reasons reasons;
    private final CallLog log = new CallLog();
    private final AtomicInteger users = new AtomicInteger(1);
    private final AtomicInteger work = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean awaitsWork;

    // Of the broker's own thread alone.
    private final Rate budget = new Rate(UNITS_PER_SECOND, UNITS_AT_ONCE, System.nanoTime());
    private boolean resting;
    private boolean watchedForCalls = true;

    /** @param listener is ours from now on; {@code pidfd}: of its process 1, stays the caller's */
    BrokeredSandbox(Broker broker, long number, long token, Fd listener, Fd pidfd, Terms terms) {
        this.broker = broker;
        this.number = number;
        this.token = token;
        this.namespace = PidNamespace.of(pidfd);
        this.listener = SeccompListener.adopt(listener);
        this.terms = terms;
        this.reasons = Reasons.of(terms.calls());
    }

    /** What it has asked so far; stays readable when the sandbox has ended. */
    public CallLog log() {
        return log;
    }

    long number() {
        return number;
    }

    /** Names it among what the broker watches. */
    long token() {
        return token;
    }

    SeccompListener listener() {
        return listener;
    }

    Terms terms() {
        return terms;
    }

    Ruling rule(NotifiedCall call) {
        int number = call.number();
        return number == Broker.SYSINFO && reasons.allows(number)
                ? new Ruling.TellFacts()
                : new Ruling.Refuse(reasons.refusal(number, call.arguments()));
    }

    /** The broker, or one of its workers, uses it no more; the last one closes its descriptors. */
    void leave() {
        if (users.decrementAndGet() == 0) {
            listener.close();
            namespace.ifPresent(PidNamespace::close);
        }
    }

    /** A worker has a call of it; its descriptors stay open until {@link #workEnds}. */
    void workBegins() {
        users.incrementAndGet();
        work.incrementAndGet();
    }

    void workEnds() {
        work.decrementAndGet();
        if (awaitsWork) {
            broker.workEnded(this);
        }
        leave();
    }

    /** Whether it may be received from now. When it may not because of work, {@link #workEnds} will say that we wait. */
    boolean isWelcome() {
        if (resting) {
            return false;
        }
        awaitsWork = work.get() >= MOST_WORK;
        return !awaitsWork || work.get() < MOST_WORK; // some may have ended before it could see that we wait
    }

    /** Notes whether it is watched for calls from now on. @return whether that is new */
    boolean watches(boolean forCalls) {
        boolean changed = watchedForCalls != forCalls;
        watchedForCalls = forCalls;
        return changed;
    }

    /** Takes the price of a call. @return for how many nanoseconds it is to be left alone now */
    long pay(int units, long now) {
        budget.spend(units, now);
        return budget.owed(now);
    }

    void rests(boolean value) {
        resting = value;
    }

    /** Counts what became of a call, and writes it down where that was decided. */
    void note(Received received, List<CallText> texts, String rule, Outcome outcome) {
        NotifiedCall call = received.call();
        if (!received.written()) {
            log.count(call.number(), outcome);
            return;
        }
        log.note(new CallLog.Raw(
                Instant.now(),
                process(call.thread()),
                call.number(),
                call.arguments(),
                texts,
                rule,
                outcome,
                Duration.ofNanos(System.nanoTime() - received.at())));
    }

    private int process(int thread) {
        return namespace.isEmpty() ? 0 : namespace.get().processInside(thread).orElse(0);
    }

    /** Ends the brokering; calls that are being answered still are. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            broker.forget(this);
        }
    }
}
