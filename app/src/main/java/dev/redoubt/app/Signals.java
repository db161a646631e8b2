package dev.redoubt.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Signals to this process, passed on to the command (signal(7)). SIGQUIT and SIGUSR2 are Java's own; SIGKILL and SIGSTOP
 * are nobody's to catch.
 */
final class Signals implements AutoCloseable {
    private static final Map<String, Integer> PASSED = Map.of("HUP", 1, "INT", 2, "USR1", 10, "TERM", 15, "CONT", 18);

    private final List<Runnable> before = new ArrayList<>();

    private Signals() {}

    /** From now until closed, signals go to {@code command}, and changes of the window's size to {@code resized}. */
    static Signals passTo(IntConsumer command, Runnable resized) {
        Signals signals = new Signals();
        PASSED.forEach((name, number) -> signals.handle(name, signal -> command.accept(number)));
        signals.handle("WINCH", signal -> resized.run());
        return signals;
    }

    private void handle(String name, SignalHandler handler) {
        Signal signal = new Signal(name);
        SignalHandler old = Signal.handle(signal, handler);
        before.add(() -> Signal.handle(signal, old));
    }

    @Override
    public void close() {
        before.forEach(Runnable::run);
    }
}
