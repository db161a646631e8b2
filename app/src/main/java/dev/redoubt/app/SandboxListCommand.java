package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What runs. */
@Command(name = "ls", description = "List the sandboxes of the node daemon.")
final class SandboxListCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        return LocalSandboxes.list(json);
    }
}
