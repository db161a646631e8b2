package dev.redoubt.app;

import dev.redoubt.linux.SignalHandlers;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Signals to this process, passed on to the command (signal(7)). Not those that tell of a fault of our own, nor those of a
 * terminal's job control, which are for us to obey; SIGKILL and SIGSTOP are nobody's to catch.
 */
final class Signals {
    private static final int HUP = 1;
    private static final int INT = 2;
    private static final int QUIT = 3;
    private static final int USR1 = 10;
    private static final int USR2 = 12;
    private static final int ALRM = 14;
    private static final int TERM = 15;
    private static final int CONT = 18;
    private static final int WINCH = 28;
    private static final List<Integer> PASSED = List.of(HUP, INT, QUIT, USR1, USR2, ALRM, TERM, CONT);

    private static final Set<Integer> ENDING = Set.of(HUP, INT, QUIT, ALRM, TERM);

    private Signals() {}

    /** Whether it is sent to end a program. */
    static boolean isToEnd(int signal) {
        return ENDING.contains(signal);
    }

    /** From now until closed, signals go to {@code command}, and changes of the window's size to {@code resized}. */
    static SignalHandlers passTo(IntConsumer command, Runnable resized) {
        Map<Integer, Runnable> handlers = new HashMap<>();
        PASSED.forEach(number -> handlers.put(number, () -> command.accept(number)));
        handlers.put(WINCH, resized);
        return SignalHandlers.set(handlers);
    }

    /** From now until closed, {@code stop} runs when this process is asked to end. */
    static SignalHandlers onStop(Runnable stop) {
        return SignalHandlers.set(Map.of(INT, stop, TERM, stop));
    }
}
