package dev.redoubt.app;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root of the command line: nothing but the list of commands. */
@Command(
        name = "redoubt",
        description = "Runs code that nobody has vouched for, inside walls chosen per sandbox.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "redoubt COMMAND --help tells what a command takes.",
            "",
            "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not running, 4 not found, 5 not allowed.",
            "run answers with the code of its command: 128+N when signal N ended it, 124 time limit, 125 Redoubt's own "
                    + "failure, 126 not executable, 127 not found."
        })
final class Redoubt {
    /** Every command has this one. */
    @CommandLine.Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "Show this help and exit.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    private static final Map<String, Supplier<Object>> COMMANDS = commands();

    private Redoubt() {}

    private static Map<String, Supplier<Object>> commands() {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("run", RunCommand::new);
        commands.put("node", NodeCommand::new);
        commands.put("sandbox", SandboxCommand::new);
        commands.put("walls", WallsCommand::new);
        commands.put("image", ImageCommand::new);
        commands.put("profile", ProfileCommand::new);
        commands.put("doctor", DoctorCommand::new);
        commands.put("escape-test", EscapeTestCommand::new);
        commands.put("bench", BenchCommand::new);
        commands.put("test", TestCommand::new);
        commands.put("completion", CompletionCommand::new);
        commands.put("help", HelpCommand::new);
        commands.put("version", VersionCommand::new);
        return commands;
    }

    /** Reads and does what {@code arguments} say. */
    static int execute(String... arguments) {
        Optional<RunCommand> plain = RunLine.read(arguments);
        return plain.isPresent()
                ? Complaints.answered(plain.get())
                : commandLine(arguments).execute(arguments);
    }

    /**
     * The line with only the command that is asked for, when it is plain which: reading the annotations of all of them
     * takes longer than starting a sandbox.
     */
    private static CommandLine commandLine(String... arguments) {
        Supplier<Object> asked = arguments.length == 0 ? null : COMMANDS.get(arguments[0]);
        boolean needsAll = asked == null || arguments[0].equals("help") || arguments[0].equals("completion");
        return needsAll ? commandLine() : line(Map.of(arguments[0], asked));
    }

    /** The line with every command. */
    static CommandLine commandLine() {
        return line(COMMANDS);
    }

    private static CommandLine line(Map<String, Supplier<Object>> commands) {
        CommandLine line = new CommandLine(new Redoubt());
        commands.forEach((name, command) -> line.addSubcommand(name, command.get()));
        line.setExpandAtFiles(false)
                .setUsageHelpWidth(100)
                .setParameterExceptionHandler(Complaints::wrongUsage)
                .setExecutionExceptionHandler(Complaints::refused);
        CommandLine run = line.getSubcommands().get("run");
        if (run != null) {
            // What follows the command is the command's, options too.
            run.setStopAtPositional(true);
        }
        CommandLine profile = line.getSubcommands().get("profile");
        if (profile != null) {
            Objects.requireNonNull(profile.getSubcommands().get("learn")).setStopAtPositional(true);
        }
        return line;
    }
}
