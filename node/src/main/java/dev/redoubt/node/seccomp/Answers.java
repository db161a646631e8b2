package dev.redoubt.node.seccomp;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.NotifiedCall;
import dev.redoubt.linux.ProcessMemory;
import dev.redoubt.linux.SeccompListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Answers that need more than registers. They read memory and files, which may take long: on a worker's thread. */
final class Answers {
    private static final int MOST_TEXT = 255;
    private static final String FACTS = "@system-facts";

    private Answers() {}

    /**
     * Answers a call whatever happens, and frees its slot.
     *
     * @param written whether a refusal is written down, with its words
     */
    static void give(BrokeredSandbox sandbox, Received received, Ruling ruling, boolean written) {
        try {
            switch (ruling) {
                case Ruling.Refuse(Refusal refusal) -> {
                    List<CallText> texts = written ? texts(sandbox.listener(), received.call()) : List.of();
                    sandbox.refuse(received, texts, refusal, written);
                }
                case Ruling.TellFacts() -> tellFacts(sandbox, received);
                case Ruling.Open() -> OpenWork.finish(sandbox, received);
            }
        } catch (RuntimeException failed) { // the edge of one call: its caller must not wait for ever
            sandbox.refuse(received, List.of(), Refusal.failed(failed), false);
        }
        received.slot().free();
    }

    /** Nothing where the caller is gone: what was read may have been another's, and nobody hears the answer. */
    private static List<CallText> texts(SeccompListener listener, NotifiedCall call) {
        List<CallText> texts = new ArrayList<>();
        long[] arguments = call.arguments();
        for (int i = 0; i < arguments.length; i++) {
            if (CallWords.isText(call.number(), i) && arguments[i] != 0) {
                texts.add(text(call.thread(), i, arguments[i]));
            }
        }
        return listener.isWaiting(call.id()) ? texts : List.of();
    }

    private static CallText text(int thread, int argument, long address) {
        try {
            ProcessMemory.Text text = ProcessMemory.string(thread, address, MOST_TEXT);
            return new CallText.Read(argument, text.bytes(), text.ended());
        } catch (LinuxException unreadable) {
            return new CallText.Unreadable(argument);
        }
    }

    /**
     * The memory of whoever waits for this call: asked after opening, because the number of a thread that was killed may be
     * another's by then. Empty when the caller is gone: then there is nothing to read, and nobody hears the answer.
     */
    static Optional<ProcessMemory> memory(SeccompListener listener, NotifiedCall call) {
        Optional<ProcessMemory> opened = ProcessMemory.open(call.thread());
        if (opened.isPresent() && !listener.isWaiting(call.id())) {
            opened.get().close();
            return Optional.empty();
        }
        return opened;
    }

    private static void tellFacts(BrokeredSandbox sandbox, Received received) {
        NotifiedCall call = received.call();
        SystemFacts facts = sandbox.terms().facts().get();
        try (ProcessMemory memory = memory(sandbox.listener(), call).orElse(null)) {
            if (memory != null) {
                memory.write(call.arguments()[0], facts.bytes());
            }
            sandbox.succeed(received, FACTS, "the sandbox's own numbers");
        } catch (LinuxException unwritable) {
            sandbox.refuse(received, List.of(), Refusal.badAddress(FACTS), sandbox.hasRoomForRefusal(received));
        }
    }
}
