package dev.redoubt.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** One program, run and timed as often as asked by native/bench/stopwatch.c, which says why this is not done here. */
final class Stopwatch implements AutoCloseable {
    /** gVisor on KVM hangs where KVM is only half there: no run may take for ever. */
    private static final Duration LONGEST_RUN = Duration.ofSeconds(30);

    private static final ScheduledExecutorService ALARM = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("redoubt-bench-alarm").daemon().factory());

    private final Process process;
    private final Path errors;
    private final BufferedReader laps;

    private Stopwatch(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        this.laps = process.inputReader(StandardCharsets.US_ASCII);
    }

    /** @param builder of the stopwatch with the program's command line; {@code errors} takes what both complain about */
    static Stopwatch start(ProcessBuilder builder, Path errors) throws IOException {
        return new Stopwatch(builder.redirectError(errors.toFile()).start(), errors);
    }

    static List<String> command(Path natives, boolean coverUnified, List<String> program) {
        List<String> command = new java.util.ArrayList<>();
        command.add(natives.resolve("redoubt-bench-stopwatch").toString());
        if (coverUnified) {
            command.add("--cover-unified");
        }
        command.addAll(program);
        return command;
    }

    /**
     * Runs the program once.
     *
     * @throws PeerFailedException with its last words when it fails or takes longer than 30 s
     */
    Lap lap() throws IOException {
        ScheduledFuture<?> alarm = ALARM.schedule(this::kill, LONGEST_RUN.toMillis(), TimeUnit.MILLISECONDS);
        try {
            OutputStream go = process.getOutputStream();
            go.write('g');
            go.flush();
            String line = laps.readLine();
            if (line == null) {
                throw new PeerFailedException("the stopwatch ended");
            }
            return Lap.parse(line);
        } catch (PeerFailedException failed) {
            throw new PeerFailedException(failed.getMessage() + lastWords());
        } finally {
            alarm.cancel(false);
        }
    }

    private String lastWords() throws IOException {
        List<String> lines =
                Files.readString(errors).lines().filter(line -> !line.isBlank()).toList();
        return lines.isEmpty() ? "" : ": " + lines.getLast().strip();
    }

    private void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close(); // it ends when nobody asks any more
        laps.close();
    }
}
