package dev.redoubt.app;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures; the numbers of SPECIFICATION.md come from here. */
@Command(name = "bench", description = "Run a benchmark, peers side by side where they are installed.")
final class BenchCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "cold, exec, rate, density, syscall, broker or walls (default: all of them).")
    private @Nullable String name;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--short", description = "A few samples, to see that it works.")
    private boolean shortRun;

    @Override
    public Integer call() {
        return LocalChecks.bench(name, json, shortRun);
    }
}
