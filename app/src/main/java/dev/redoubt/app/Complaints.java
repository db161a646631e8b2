package dev.redoubt.app;

import dev.redoubt.policy.profile.Nearest;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** How the command line says no: one line on standard error and an exit code, never a stack trace for a refusal. */
final class Complaints {
    private Complaints() {}

    static int wrongUsage(ParameterException wrong, String[] arguments) {
        CommandLine command = wrong.getCommandLine();
        tell(command, Refusal.Code.VALIDATION_ERROR, reason(wrong));
        command.getErr().println("See: " + command.getCommandSpec().qualifiedName() + " --help");
        command.getErr().flush();
        return isRun(command) ? Exit.RUN_FAILED : Exit.USAGE;
    }

    private static String reason(ParameterException wrong) {
        if (!(wrong instanceof UnmatchedArgumentException unmatched)) {
            return String.valueOf(wrong.getMessage());
        }
        String wrongName = unmatched.getUnmatched().getFirst();
        String kind = unmatched.isUnknownOption() ? "unknown option " : "unexpected argument ";
        return Nearest.to(wrongName, names(wrong.getCommandLine()))
                .map(nearest -> kind + wrongName + "; did you mean " + nearest + "?")
                .orElse(kind + wrongName);
    }

    private static List<String> names(CommandLine command) {
        List<String> names = new ArrayList<>(command.getSubcommands().keySet());
        names.addAll(command.getCommandSpec().optionsMap().keySet());
        return names;
    }

    static int refused(Exception thrown, CommandLine command, ParseResult parsed) throws Exception {
        if (!(thrown instanceof Refusal refusal)) {
            throw thrown;
        }
        tell(command, refusal.code(), String.valueOf(refusal.getMessage()));
        command.getErr().flush();
        return isRun(command) ? Exit.RUN_FAILED : refusal.code().exit();
    }

    /** What {@code run} answers, and says where it refuses. */
    static int answered(RunCommand run) {
        try {
            return run.call();
        } catch (Refusal refusal) {
            System.err.println(line(refusal.code(), String.valueOf(refusal.getMessage())));
            return Exit.RUN_FAILED;
        }
    }

    private static void tell(CommandLine command, Refusal.Code code, String reason) {
        command.getErr().println(line(code, reason));
    }

    private static String line(Refusal.Code code, String reason) {
        return "redoubt: " + code + ": " + reason;
    }

    private static boolean isRun(CommandLine command) {
        return command.getCommandSpec().userObject() instanceof RunCommand;
    }
}
