package dev.redoubt.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code ./redoubt run} as a whole: script, JVM, sandbox, end. With a daemon, and as most people use it. */
final class CommandLine {
    private CommandLine() {}

    static void measure(Bench bench, Path script) throws IOException, InterruptedException {
        Path directory = bench.workbench().directory();
        Map<String, String> nobody =
                Map.of("REDOUBT_RUN_DIR", directory.resolve("nobody").toString());
        try (Daemon daemon = Daemon.start(
                script, directory.resolve("daemon"), bench.workbench().natives())) {
            List<Subject> subjects = List.of(
                    subject(bench, script, "without a daemon", nobody),
                    subject(bench, script, "with a daemon", daemon.environment()));
            bench.turns().take(subjects, bench.rounds(1, 5), bench.rounds(2, 50));
        }
    }

    private static Subject subject(Bench bench, Path script, String how, Map<String, String> environment)
            throws IOException {
        List<String> command = List.of(script.toString(), "run", "--", "echo", "ready");
        Stopwatch stopwatch = bench.workbench().stopwatch(false, environment, command);
        return new Subject("./redoubt run", sink -> {
            Lap lap = stopwatch.lap();
            sink.add(
                    "busybox: whole command to first byte, " + how,
                    Unit.MILLISECONDS,
                    lap.firstByte().orElseThrow(() -> new PeerFailedException("printed nothing")));
            sink.add("busybox: whole command, " + how, Unit.MILLISECONDS, lap.end());
        });
    }
}
