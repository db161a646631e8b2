package dev.redoubt.app;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Completion scripts, made from the same source as {@code --help}. */
@Command(
        name = "completion",
        description = "Print a completion script for bash, zsh or fish.",
        footer = {"", "bash, zsh: source <(redoubt completion bash)", "fish: redoubt completion fish | source"})
final class CompletionCommand implements Callable<Integer> {
    enum Shell {
        bash,
        zsh,
        fish
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
    private Shell shell = Shell.bash;

    @Override
    public Integer call() {
        CommandLine root = Objects.requireNonNull(spec).root().commandLine();
        // One script serves bash and zsh: it loads zsh's bashcompinit when zsh reads it.
        String script = shell == Shell.fish ? FishCompletion.of(root) : AutoComplete.bash("redoubt", root);
        Out.text(spec, script);
        return Exit.DONE;
    }
}
