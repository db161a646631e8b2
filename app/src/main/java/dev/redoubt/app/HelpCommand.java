package dev.redoubt.app;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The same text as {@code --help}, or the manual page, which is made of it. */
@Command(name = "help", description = "Show the help of a command.")
final class HelpCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--man", description = "Print the manual page of all commands instead.")
    private boolean man;

    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command, as: image pull.")
    private List<String> path = List.of();

    @Override
    public Integer call() {
        CommandLine command = Objects.requireNonNull(spec).root().commandLine();
        for (String name : path) {
            command = command.getSubcommands().get(name);
            if (command == null) {
                throw new Refusal(Refusal.Code.VALIDATION_ERROR, "no command " + String.join(" ", path));
            }
        }
        Out.text(spec, man ? ManualPage.of(command.getCommandSpec()) : command.getUsageMessage());
        return Exit.DONE;
    }
}
