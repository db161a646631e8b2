package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Attacks the walls from inside and says which one held. */
@Command(name = "escape-test", description = "Run the escape battery, with controls.")
final class EscapeTestCommand implements Callable<Integer> {
    @Option(
            names = "--runtime",
            paramLabel = "CLASS",
            defaultValue = "container",
            description = "Runtime class (default: ${DEFAULT-VALUE}).")
    private String runtime = "";

    @Option(
            names = "--profile",
            paramLabel = "NAME",
            defaultValue = "default",
            description = "Whose walls are attacked: the name of a profile, or its file (default: ${DEFAULT-VALUE}).")
    private String profile = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--layers", description = "Once more with each layer away: which one holds which attack.")
    private boolean layers;

    @Override
    public Integer call() {
        return LocalChecks.escapeTest(runtime, profile, json, layers);
    }
}
