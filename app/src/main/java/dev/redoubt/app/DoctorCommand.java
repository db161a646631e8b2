package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Is this host fit. */
@Command(name = "doctor", description = "Say whether this host is fit, wall by wall, and how to mend what is missing.")
final class DoctorCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        throw Refusal.notBuilt("doctor" + (json ? " --json" : ""));
    }
}
