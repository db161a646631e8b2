package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is in force now. */
@Command(
        name = "walls",
        description = "Show what the kernel says is in force for a sandbox, beside what was asked.",
        footer = {
            "",
            "Everything is read anew. Exit code 1 when a wall is weaker than asked, missing or could not be read. With "
                    + "--json the report is signed with this node's key: redoubt walls verify checks it."
        })
final class SandboxWallsCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "Id of the sandbox, as redoubt sandbox ls shows it.")
    private String id = "";

    @Option(names = "--json", description = "Print the signed report as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        return LocalSandboxes.walls(id, json);
    }
}
