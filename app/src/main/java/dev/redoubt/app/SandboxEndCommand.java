package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The way out for what does not end by itself, such as a sandbox that was stopped because its walls changed. */
@Command(
        name = "end",
        description = "End a sandbox and everything in it at once, whoever started it.",
        footer = {"", "It ends as by SIGKILL, stopped or not, and its run with exit code 137."})
final class SandboxEndCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "Id of the sandbox, as redoubt sandbox ls shows it.")
    private String id = "";

    @Override
    public Integer call() {
        return LocalSandboxes.end(id);
    }
}
