package dev.redoubt.app;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.TypeConversionException;

/**
 * The line {@code run [OPTION]... [--] COMMAND [ARGUMENT]...} where nothing is unusual.
 *
 * <p>picocli needs longer to read its model of the line than a sandbox needs to start. What is not plain here, from
 * {@code --help} to a value that is none, is left to it, and a test holds the two to one meaning.
 */
final class RunLine {
    private static final Set<String> REPEATABLE = Set.of("--allow", "--env", "--mount", "--secret");

    private RunLine() {}

    /** The command that the line asks for; empty for picocli to read, and to complain. */
    static Optional<RunCommand> read(String... arguments) {
        if (arguments.length == 0 || !arguments[0].equals("run")) {
            return Optional.empty();
        }
        try {
            RunCommand run = new RunCommand();
            int command = command(run, arguments);
            if (command < 0 || command >= arguments.length) {
                return Optional.empty();
            }
            run.take(List.of(arguments).subList(command, arguments.length));
            return Optional.of(run);
        } catch (TypeConversionException wrong) {
            return Optional.empty();
        }
    }

    /** @return where the command begins; -1 when some option is not plain */
    private static int command(RunCommand run, String[] arguments) {
        Set<String> seen = new HashSet<>();
        int at = 1;
        while (at < arguments.length && arguments[at].startsWith("-")) {
            if (arguments[at].equals("--")) {
                return at + 1;
            }
            int taken = option(run, arguments, at, seen);
            if (taken == 0) {
                return -1;
            }
            at += taken;
        }
        return at;
    }

    /** @return how many words it took; 0 when it is not plain */
    private static int option(RunCommand run, String[] arguments, int at, Set<String> seen) {
        String[] parts = arguments[at].split("=", 2);
        String name = parts[0];
        if (!REPEATABLE.contains(name) && !seen.add(name)) {
            return 0;
        }
        if (parts.length == 2) {
            return isPlain(parts[1]) && run.take(name, parts[1]) ? 1 : 0;
        }
        if (run.take(name)) {
            return 1;
        }
        boolean hasValue = at + 1 < arguments.length && isPlain(arguments[at + 1]);
        return hasValue && run.take(name, arguments[at + 1]) ? 2 : 0;
    }

    /** Not to be taken for an option, or for nothing. */
    private static boolean isPlain(String value) {
        return !value.isEmpty() && !value.startsWith("-");
    }
}
