package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the broker answered. */
@Command(
        name = "syscalls",
        description =
                "Show which system calls of a sandbox the broker was asked about, and its answers with their reasons.",
        footer = {
            "",
            "All of them are counted; the latest refusals and the latest other answers are kept with their words, 128 of "
                    + "each at most. What the filter refuses by itself, because libraries try it at every start, is not among "
                    + "them."
        })
final class SandboxSyscallsCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "Id of the sandbox, as redoubt sandbox ls shows it.")
    private String id = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        return LocalSandboxes.syscalls(id, json);
    }
}
