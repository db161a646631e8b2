package dev.redoubt.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code ./redoubt run} as a whole: script, JVM, sandbox, end. */
final class CommandLine {
    private CommandLine() {}

    static List<Subject> subjects(Bench bench) throws IOException, InterruptedException {
        List<Subject> subjects = new ArrayList<>();
        if (bench.settings().script().isEmpty()) {
            bench.turns().skip("./redoubt run", "not started by the script");
            return subjects;
        }
        Path script = bench.settings().script().get();
        Path nobody = bench.workbench().directory().resolve("no-daemon");
        subjects.add(subject(bench, script, "without a daemon", Map.of("REDOUBT_RUN_DIR", nobody.toString())));
        return subjects;
    }

    private static Subject subject(Bench bench, Path script, String how, Map<String, String> environment)
            throws IOException {
        List<String> command = List.of(script.toString(), "run", "--", "echo", "ready");
        Stopwatch stopwatch = bench.workbench().stopwatch(false, environment, command);
        return new Subject("./redoubt run", sink -> {
            Lap lap = stopwatch.lap();
            sink.add("busybox: whole command to first byte, " + how, Unit.MILLISECONDS, lap.firstByte().orElseThrow());
            sink.add("busybox: whole command, " + how, Unit.MILLISECONDS, lap.end());
        });
    }
}
