package dev.redoubt.bench;

import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;

/** Runs benchmarks by name and prints what they say. */
public final class BenchRun {
    private static final Map<String, Bench.Benchmark> ALL = all();
    /** One sample waits so long for a quiet machine; then it is taken and counted as noisy. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Duration SHORT_PATIENCE = Duration.ofMillis(300);

    private BenchRun() {}

    /** The names that there are, in the order in which they run. */
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /**
     * Runs them one after another; none means all.
     *
     * @param json prints one JSON object per benchmark and line, else tables
     * @param progress takes a line now and then about what is being done
     * @throws Problem VALIDATION_ERROR for a name that there is not; what a node refuses; nothing is ever too slow
     */
    public static void run(
            List<String> names, BenchSettings settings, boolean json, PrintStream out, Consumer<String> progress)
            throws IOException, InterruptedException {
        names.forEach(BenchRun::check);
        for (String name : names.isEmpty() ? names() : names) {
            Report report = measure(name, settings, progress);
            if (json) {
                out.println(JsonMapper.builder().build().writeValueAsString(report));
            } else {
                out.print(Table.of(report));
            }
            out.flush();
        }
    }

    private static Report measure(String name, BenchSettings settings, Consumer<String> progress)
            throws IOException, InterruptedException {
        Turns turns = new Turns(new Quiet(settings.shortRun() ? SHORT_PATIENCE : PATIENCE));
        Bench.Benchmark benchmark = ALL.get(name);
        if (benchmark == null) {
            throw new Problem(ProblemCode.VALIDATION_ERROR, "there is no benchmark " + name);
        }
        try (Workbench workbench = Workbench.open(settings.node().nativeDirectory())) {
            benchmark.measure(new Bench(settings, workbench, turns, line -> progress.accept(name + ": " + line)));
        }
        return new Report(
                name,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                settings.shortRun(),
                Machine.here(),
                Workbench.versions(),
                turns.results(),
                turns.skipped());
    }

    private static void check(String name) {
        if (!ALL.containsKey(name)) {
            throw new Problem(
                    ProblemCode.VALIDATION_ERROR,
                    "there is no benchmark '" + name + "'; there are " + String.join(", ", names()));
        }
    }

    private static Map<String, Bench.Benchmark> all() {
        Map<String, Bench.Benchmark> all = new LinkedHashMap<>();
        all.put("cold", new Cold());
        all.put("exec", new Exec());
        all.put("rate", new Rate());
        all.put("density", new Density());
        all.put("syscall", new Syscalls());
        all.put("broker", new Brokered());
        all.put("walls", new Walls());
        return all;
    }
}
