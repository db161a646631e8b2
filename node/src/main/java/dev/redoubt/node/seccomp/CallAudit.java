package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Epoll;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.EventFd;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.NotifiedCall;
import dev.redoubt.linux.PidNamespace;
import dev.redoubt.linux.ProcessMemory;
import dev.redoubt.linux.SeccompListener;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Decisions;
import dev.redoubt.policy.calls.Verdict;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Listens to one sandbox whose filter asks about everything that it would let pass, to learn what its jobs call.
 *
 * <p>It lets the kernel go on with a call only when the list allows it by its registers, which cannot change any more: the
 * sandbox is exactly as confined as without an audit. Nothing is decided by what a pointer points to.
 */
public final class CallAudit implements AutoCloseable {
    private static final int SYSINFO = CallNumbers.of("sysinfo");
    private static final int MOST_KINDS = 32;
    private static final long BELL = 0;
    private static final long CALLS = 1;

    private final SeccompListener listener;
    private final Optional<PidNamespace> namespace;
    private final Terms terms;
    private final SortedMap<Integer, Decision> decisions;
    private final Epoll epoll = Epoll.create();
    private final EventFd bell = EventFd.create();
    private final Thread thread;
    private volatile boolean over;

    /** Of each call the first three registers' low halves, as often as they differ. */
    private final Map<Integer, Set<List<Integer>>> seen = new TreeMap<>();

    private CallAudit(Fd listener, Fd pidfd, Terms terms) {
        this.listener = SeccompListener.adopt(listener);
        this.namespace = PidNamespace.of(pidfd);
        this.terms = terms;
        this.decisions = Decisions.of(terms.calls());
        this.thread = Thread.ofPlatform().daemon().name("redoubt-audit").unstarted(this::run);
    }

    /**
     * Begins to listen.
     *
     * @param listener of its filter; the audit's from now on
     * @param pidfd of its process 1; stays the caller's
     */
    public static CallAudit start(Fd listener, Fd pidfd, Terms terms) {
        CallAudit audit = new CallAudit(listener, pidfd, terms);
        audit.epoll.add(audit.bell.fd().number(), Epoll.READ, BELL);
        audit.epoll.add(audit.listener.fd().number(), Epoll.READ, CALLS);
        audit.thread.start();
        return audit;
    }

    /**
     * What jobs have called so far that a profile can give and take, by name.
     *
     * <p>With each call the low halves of its first three registers, up to 32 different ones: whoever has 32 may have missed
     * others.
     */
    public SortedMap<String, Set<List<Integer>>> seen() {
        SortedMap<String, Set<List<Integer>>> calls = new TreeMap<>();
        synchronized (seen) {
            seen.forEach((number, kinds) -> calls.put(CallNumbers.nameOf(number), Set.copyOf(kinds)));
        }
        return calls;
    }

    /** Whether so many kinds of a call were seen that there may be others. */
    public static boolean isFull(Set<List<Integer>> kinds) {
        return kinds.size() >= MOST_KINDS;
    }

    private void run() {
        try (Arena arena = Arena.ofConfined()) {
            NotifiedCall call = new NotifiedCall(arena.allocate(NotifiedCall.BYTES, 8));
            while (!over) {
                epoll.await(-1, (token, events) -> ready(token, events, call));
            }
        }
    }

    private void ready(long token, int events, NotifiedCall call) {
        if (token == BELL) {
            bell.silence();
        } else if ((events & Epoll.READ) == 0) {
            over = true; // nobody is left behind the filter
        } else if (listener.receive(call)) {
            handle(call);
        }
    }

    private void handle(NotifiedCall call) {
        Decision decision = decisions.get(call.number());
        Verdict verdict = decision == null ? Verdict.Plain.KILL : decision.decide(call.arguments());
        if (verdict != Verdict.Plain.ALLOW && verdict != Verdict.Plain.PRETEND) {
            listener.refuse(call.id(), Errno.EPERM); // no filter of ours asks about it
            return;
        }
        note(call);
        if (verdict == Verdict.Plain.PRETEND) {
            listener.answer(call.id(), 0);
        } else if (call.number() == SYSINFO) {
            tellFacts(call);
        } else {
            listener.letPass(call.id());
        }
    }

    /** What process 1 itself calls is no job's. */
    private void note(NotifiedCall call) {
        boolean isGuests = namespace.isPresent()
                && namespace.get().processInside(call.thread()).orElse(0) == 1;
        if (isGuests) {
            return;
        }
        long[] arguments = call.arguments();
        List<Integer> kind = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            kind.add((int) arguments[i]);
        }
        synchronized (seen) {
            Set<List<Integer>> kinds = seen.computeIfAbsent(call.number(), _ -> new HashSet<>());
            if (!isFull(kinds)) {
                kinds.add(kind);
            }
        }
    }

    /** As the broker does: the host's memory and load are nobody's business inside. */
    private void tellFacts(NotifiedCall call) {
        SystemFacts facts;
        try {
            facts = terms.facts().get();
        } catch (CgroupException unreadable) { // its groups are gone, and it will be in a moment
            listener.refuse(call.id(), Errno.EIO);
            return;
        }
        try (ProcessMemory memory = Answers.memory(listener, call).orElse(null)) {
            if (memory != null) {
                memory.write(call.arguments()[0], facts.bytes());
            }
            listener.answer(call.id(), 0);
        } catch (LinuxException unwritable) {
            listener.refuse(call.id(), Errno.EFAULT);
        }
    }

    /** Ends the listening; calls that come from now on wait until the sandbox ends. */
    @Override
    public void close() {
        over = true;
        bell.ring();
        try {
            thread.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return;
        }
        epoll.close();
        bell.close();
        listener.close();
        namespace.ifPresent(PidNamespace::close);
    }
}
