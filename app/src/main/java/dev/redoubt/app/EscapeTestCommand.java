package dev.redoubt.app;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Attacks the walls from inside and says which one held. */
@Command(name = "escape-test", description = "Run the escape battery, with controls.")
final class EscapeTestCommand implements Callable<Integer> {
    @Option(names = "--runtime", paramLabel = "CLASS", description = "Runtime class: container (default) or gvisor.")
    private @Nullable String runtime;

    @Option(
            names = "--driver",
            paramLabel = "DRIVER",
            description =
                    "What builds the sandbox: native, crun or gvisor (default: native, or what the runtime class needs).")
    private @Nullable String driver;

    @Option(names = "--table", description = "Every driver that is installed, side by side: the table of SECURITY.md.")
    private boolean table;

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
        if (table) {
            return LocalChecks.escapeTable(profile);
        }
        return LocalChecks.escapeTest(Drivers.chosen(driver, runtime), profile, json, layers);
    }
}
