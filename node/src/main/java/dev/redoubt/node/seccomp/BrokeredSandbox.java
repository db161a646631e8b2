package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.NotifiedCall;
import dev.redoubt.linux.PidNamespace;
import dev.redoubt.linux.SeccompListener;
import dev.redoubt.policy.calls.CallNumbers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** One sandbox as the broker has it. When it is closed nobody answers any more: the sandbox's calls wait. */
public final class BrokeredSandbox implements AutoCloseable {
    /** Calls of one sandbox that are with the workers at the same time: nobody takes them all. */
    private static final int MOST_WORK = 2;

    /** A refusal takes about 5 µs of the broker, which is a unit: so many are 5 % of a processor. */
    private static final int UNITS_PER_SECOND = 10_000;

    /** Of a sandbox whose opens are the broker's: 25 % of a processor, or 10,000 opens of the usual length. */
    private static final int UNITS_WITH_OPENS = 50_000;

    private static final int SECONDS_AT_ONCE = 2;
    private static final int PATIENCE = 64;
    private static final int LONG_CALLS = 4;

    private static final int LANDLOCK = CallNumbers.of("landlock_create_ruleset");
    private static final Refusal NO_LANDLOCK = new Refusal(
            Errno.EOPNOTSUPP,
            "@self-confinement",
            "this profile hides files by patterns, so the broker opens them, whom a program's own rules would not bind");

    private final Broker broker;
    private final long number;
    private final long token;
    private final SeccompListener listener;
    private final Optional<PidNamespace> namespace;
    private final Terms terms;
    private final Reasons reasons;
    private final Optional<SandboxFiles> files;
    private final CallLog log = new CallLog();
    private final AtomicInteger users = new AtomicInteger(1);
    private final AtomicInteger work = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean awaitsWork;

    /** Who receives its calls, of a sandbox that asks about opens. */
    private volatile Workers lane;

    /** Of whoever has its calls at the moment, one after the other. */
    private volatile int patience;

    private volatile boolean patient;

    /** Guarded by this: paid into by the broker's thread and by the worker that has its calls. */
    private final Rate budget;

    // Of the broker's own thread alone.
    private boolean resting;
    private boolean watchedForCalls = true;

    /** @param listener is ours from now on; {@code pidfd}: of its process 1, stays the caller's */
    BrokeredSandbox(Broker broker, long number, long token, Fd listener, Fd pidfd, Terms terms, Workers lane) {
        this.broker = broker;
        this.number = number;
        this.token = token;
        this.lane = lane;
        this.namespace = PidNamespace.of(pidfd);
        this.listener = SeccompListener.adopt(listener);
        this.terms = terms;
        this.reasons = Reasons.of(terms.calls());
        this.files = namespace.flatMap(inside -> terms.openings().flatMap(openings -> files(inside, openings)));
        int units = terms.openings().isPresent() ? UNITS_WITH_OPENS : UNITS_PER_SECOND;
        this.budget = new Rate(units, SECONDS_AT_ONCE * units, System.nanoTime());
    }

    /** Empty when process 1 has ended meanwhile. */
    private static Optional<SandboxFiles> files(PidNamespace namespace, Openings terms) {
        OptionalInt init = namespace.init();
        Optional<SandboxFiles> files = init.isEmpty() ? Optional.empty() : SandboxFiles.of(init.getAsInt(), terms);
        if (files.isPresent() && !namespace.init().equals(init)) {
            files.get().close(); // its number may have been somebody else's when the root was opened
            return Optional.empty();
        }
        return files;
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

    /** Whether its opens are notified; then its calls are the workers' to receive. */
    boolean asksAboutOpens() {
        return terms.openings().isPresent();
    }

    /**
     * Whether it is to be served by patience: since several calls took too long, until 64 did not. Asked after each. One alone
     * may have waited for a processor that the host had given to another.
     */
    boolean isPatient(boolean tookTooLong) {
        patience = tookTooLong ? Math.min(PATIENCE, patience + PATIENCE / LONG_CALLS) : Math.max(0, patience - 1);
        patient = patient ? patience > 0 : patience == PATIENCE;
        return patient;
    }

    Workers lane() {
        return lane;
    }

    void lane(Workers value) {
        lane = value;
    }

    /** Only of a sandbox that asks about opens. */
    SandboxFiles files() {
        return files.orElseThrow();
    }

    Ruling rule(NotifiedCall call) {
        int number = call.number();
        if (!reasons.allows(number, call.arguments())) {
            return new Ruling.Refuse(reasons.refusal(number, call.arguments()));
        }
        if (number == Broker.SYSINFO) {
            return new Ruling.TellFacts();
        }
        if (files.isPresent() && OpenRequest.is(number)) {
            return new Ruling.Open();
        }
        if (files.isPresent() && number == LANDLOCK) {
            return new Ruling.Refuse(NO_LANDLOCK);
        }
        return new Ruling.Refuse(reasons.refusal(number, call.arguments()));
    }

    /** The broker, or one of its workers, uses it no more; the last one closes its descriptors. */
    void leave() {
        if (users.decrementAndGet() == 0) {
            listener.close();
            namespace.ifPresent(PidNamespace::close);
            files.ifPresent(SandboxFiles::close);
        }
    }

    /** A worker uses it; its descriptors stay open until {@link #workEnds}. @return false when they are closed */
    boolean workBegins() {
        int now = users.get();
        while (now > 0) {
            if (users.compareAndSet(now, now + 1)) {
                work.incrementAndGet();
                return true;
            }
            now = users.get();
        }
        return false;
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
    synchronized long pay(int units, long now) {
        budget.spend(units, now);
        return budget.owed(now);
    }

    void rests(boolean value) {
        resting = value;
    }

    /** Whether the next refusal is to be written down, and not only counted. */
    boolean hasRoomForRefusal(Received received) {
        return log.hasRoom(true, received.at());
    }

    /** The call fails. It stands in the log before the caller knows: who has the answer finds the reason. */
    void refuse(Received received, List<CallText> texts, Refusal refusal, boolean written) {
        tell(received, texts, refusal.rule(), new Outcome.Refused(refusal.errno(), refusal.reason()), written);
        orGone(received, listener.refuse(received.call().id(), refusal.errno()));
    }

    /** The call fails as it does for everybody: that is an answer, and no refusal of ours. */
    void fail(Received received, List<CallText> texts, int errno) {
        tell(received, texts, "", new Outcome.Answered(Errno.describe(errno)), log.hasRoom(false, received.at()));
        orGone(received, listener.refuse(received.call().id(), errno));
    }

    /** The call returns 0. */
    void succeed(Received received, String rule, String what) {
        tell(received, List.of(), rule, new Outcome.Answered(what), log.hasRoom(false, received.at()));
        orGone(received, listener.answer(received.call().id(), 0));
    }

    /**
     * The call returns a descriptor of this file.
     *
     * @throws LinuxException EMFILE when the caller has as many as it may; it still waits
     */
    void install(Received received, List<CallText> texts, Fd file, boolean closesOnExec) {
        orGone(received, listener.install(received.call().id(), file, closesOnExec));
        tell(received, texts, "", new Outcome.Answered("opened"), log.hasRoom(false, received.at()));
    }

    private void orGone(Received received, boolean waited) {
        if (!waited) {
            log.count(received.call().number(), new Outcome.CallerGone());
        }
    }

    private void tell(Received received, List<CallText> texts, String rule, Outcome outcome, boolean written) {
        NotifiedCall call = received.call();
        if (!written) {
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
