package dev.redoubt.app;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Signals to this process, passed on to the command (signal(7)). SIGQUIT and SIGUSR2 are Java's own; SIGKILL and SIGSTOP
 * are nobody's to catch.
 *
 * <p>Java's only way to hear signals is {@code sun.misc.Signal} of the module jdk.unsupported (JEP 260). It is called by
 * reflection because the compiler's warning about it cannot be switched off, and all warnings are errors here.
 */
final class Signals implements AutoCloseable {
    private static final Map<String, Integer> PASSED = Map.of("HUP", 1, "INT", 2, "USR1", 10, "TERM", 15, "CONT", 18);

    private final List<Runnable> before = new ArrayList<>();

    private Signals() {}

    /** From now until closed, signals go to {@code command}, and changes of the window's size to {@code resized}. */
    static Signals passTo(IntConsumer command, Runnable resized) {
        Signals signals = new Signals();
        PASSED.forEach((name, number) -> signals.handle(name, () -> command.accept(number)));
        signals.handle("WINCH", resized);
        return signals;
    }

    /** From now until closed, {@code stop} runs when this process is asked to end. */
    static Signals onStop(Runnable stop) {
        Signals signals = new Signals();
        signals.handle("INT", stop);
        signals.handle("TERM", stop);
        return signals;
    }

    @Override
    public void close() {
        before.forEach(Runnable::run);
    }

    private void handle(String name, Runnable handler) {
        try {
            Class<?> signals = Class.forName("sun.misc.Signal");
            Class<?> handlers = Class.forName("sun.misc.SignalHandler");
            Object signal = signals.getConstructor(String.class).newInstance(name);
            Object called = Proxy.newProxyInstance(
                    handlers.getClassLoader(), new Class<?>[] {handlers}, (proxy, method, arguments) -> {
                        handler.run();
                        return null;
                    });
            Method handle = signals.getMethod("handle", signals, handlers);
            Object old = handle.invoke(null, signal, called);
            before.add(() -> restore(handle, signal, old));
        } catch (ReflectiveOperationException missing) {
            throw new IllegalStateException("this Java has no module jdk.unsupported", missing);
        }
    }

    private static void restore(Method handle, Object signal, Object old) {
        try {
            handle.invoke(null, signal, old);
        } catch (IllegalAccessException | InvocationTargetException cannot) {
            throw new IllegalStateException("signal handler not restored", cannot);
        }
    }
}
