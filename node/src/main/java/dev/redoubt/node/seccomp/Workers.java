package dev.redoubt.node.seccomp;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.NotifiedCall;
import dev.redoubt.linux.ProcessMemory;
import dev.redoubt.linux.SeccompListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The threads that look at memory. They start when there is something to do; what waits for them is bounded, because of
 * each sandbox only two calls may.
 */
final class Workers implements AutoCloseable {
    private static final int MOST = 4;
    private static final int MOST_TEXT = 255;
    private static final String FACTS = "@system-facts";

    private final BlockingQueue<Job> jobs = new LinkedBlockingQueue<>();
    private final List<Thread> threads = new ArrayList<>();

    private sealed interface Job {}

    private record Call(BrokeredSandbox sandbox, Work work) implements Job {}

    private record Stop() implements Job {}

    /** Has it done. Of the broker's thread alone, while the sandbox is watched. */
    void take(BrokeredSandbox sandbox, Work work) {
        sandbox.workBegins();
        jobs.add(new Call(sandbox, work));
        if (threads.size() < MOST && threads.size() <= jobs.size()) {
            String name = "redoubt-broker-" + (threads.size() + 1);
            threads.add(Thread.ofPlatform().daemon().name(name).start(this::run));
        }
    }

    /** Does what it has taken and ends. */
    @Override
    public void close() {
        threads.forEach(thread -> jobs.add(new Stop()));
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (jobs.take() instanceof Call(BrokeredSandbox sandbox, Work work)) {
                finish(sandbox, work);
                sandbox.workEnds();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private static void finish(BrokeredSandbox sandbox, Work work) {
        try {
            switch (work) {
                case Work.Refuse refuse -> refuse(sandbox, refuse);
                case Work.TellFacts facts -> tellFacts(sandbox, facts);
            }
        } catch (RuntimeException failed) { // the edge of one call: its caller must not wait for ever
            refuse(sandbox, work.received(), List.of(), Refusal.failed(failed));
        }
        work.received().slot().free();
    }

    private static void refuse(BrokeredSandbox sandbox, Work.Refuse work) {
        refuse(sandbox, work.received(), texts(sandbox.listener(), work.received().call()), work.refusal());
    }

    private static void refuse(BrokeredSandbox sandbox, Received received, List<CallText> texts, Refusal refusal) {
        boolean waited = sandbox.listener().refuse(received.call().id(), refusal.errno());
        sandbox.note(received, texts, refusal.rule(), refusal.outcome(waited));
    }

    /** Where the caller is gone there is nothing to read, and nobody to answer. */
    private static List<CallText> texts(SeccompListener listener, NotifiedCall call) {
        List<CallText> texts = new ArrayList<>();
        try (ProcessMemory memory = memory(listener, call).orElse(null)) {
            long[] arguments = call.arguments();
            for (int i = 0; memory != null && i < arguments.length; i++) {
                if (CallWords.isText(call.number(), i) && arguments[i] != 0) {
                    texts.add(text(memory, i, arguments[i]));
                }
            }
        }
        return texts;
    }

    private static CallText text(ProcessMemory memory, int argument, long address) {
        try {
            ProcessMemory.Text text = memory.string(address, MOST_TEXT);
            return new CallText.Read(argument, text.bytes(), text.ended());
        } catch (LinuxException unreadable) {
            return new CallText.Unreadable(argument);
        }
    }

    /**
     * The memory of whoever waits for this call: asked after opening, because the number of a thread that was killed may be
     * another's by then.
     */
    private static Optional<ProcessMemory> memory(SeccompListener listener, NotifiedCall call) {
        Optional<ProcessMemory> opened = ProcessMemory.open(call.thread());
        if (opened.isPresent() && !listener.isWaiting(call.id())) {
            opened.get().close();
            return Optional.empty();
        }
        return opened;
    }

    private static void tellFacts(BrokeredSandbox sandbox, Work.TellFacts work) {
        NotifiedCall call = work.received().call();
        SystemFacts facts = sandbox.terms().facts().get();
        Optional<ProcessMemory> memory = memory(sandbox.listener(), call);
        if (memory.isEmpty()) {
            sandbox.note(work.received(), List.of(), FACTS, new Outcome.CallerGone());
            return;
        }
        try (ProcessMemory of = memory.get()) {
            of.write(call.arguments()[0], facts.bytes());
            boolean waited = sandbox.listener().answer(call.id(), 0);
            sandbox.note(
                    work.received(),
                    List.of(),
                    FACTS,
                    waited ? new Outcome.Answered("the sandbox's own numbers") : new Outcome.CallerGone());
        } catch (LinuxException unwritable) {
            refuse(sandbox, work.received(), List.of(), Refusal.badAddress(FACTS));
        }
    }
}
