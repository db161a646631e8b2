package dev.redoubt.node.walls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.flat.FlatWriter;
import dev.redoubt.node.launch.LaunchSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs native/tests/walls_probe.c behind a filter, behind Landlock rules, or, as a control, behind nothing. */
public final class WallsProbe {
    private static final Path HOME = Path.of(System.getProperty("redoubt.home", ".."));
    private static final long TIMEOUT_SECONDS = 60;

    /** What became of one run. */
    public record Outcome(int exit, String out, String err) {
        /** The results of {@code call}, in their order. */
        public List<Long> results() {
            assertThat(exit).as(err).isZero();
            return out.lines().map(Long::parseLong).toList();
        }
    }

    private final Path scratch;
    private final List<String> prefix;
    private final List<String> walls;

    private WallsProbe(Path scratch, List<String> prefix, List<String> walls) {
        this.scratch = scratch;
        this.prefix = prefix;
        this.walls = walls;
    }

    /** A probe without walls whose files live in {@code scratch}. */
    public static WallsProbe in(Path scratch) {
        execute(List.of("make", "-s", "-C", HOME.resolve("native/tests").toString()), scratch);
        return new WallsProbe(scratch, List.of(), List.of());
    }

    /** The same probe started by another command, for instance in namespaces of its own. */
    public WallsProbe startedBy(String... command) {
        return new WallsProbe(scratch, List.of(command), walls);
    }

    public WallsProbe behindFilter(byte[] program) {
        return behind("--filter", program);
    }

    public WallsProbe behindLandlock(LaunchSpec.Landlock rules) {
        try (Arena arena = Arena.ofConfined()) {
            FlatWriter out = new FlatWriter(arena);
            out.u64(rules.handledFs()).u64(rules.handledNet()).u64(rules.scoped());
            out.u32(rules.rules().size());
            rules.rules().forEach(rule -> out.string(rule.path()).u64(rule.access()));
            return behind("--landlock", out.message().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private WallsProbe behind(String option, byte[] bytes) {
        try {
            Path file = Files.write(Files.createTempFile(scratch, "wall", ""), bytes);
            List<String> more = new ArrayList<>(walls);
            more.add(option);
            more.add(file.toString());
            return new WallsProbe(scratch, prefix, List.copyOf(more));
        } catch (IOException full) {
            throw new AssertionError(full);
        }
    }

    public Outcome run(String action, String... arguments) {
        return run(action, List.of(arguments));
    }

    public Outcome run(String action, List<String> arguments) {
        return execute(command(action, arguments), scratch);
    }

    /** Starts a run and does not wait for it; whoever calls ends it. */
    public Process start(String action, String... arguments) throws IOException {
        return new ProcessBuilder(command(action, List.of(arguments)))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private List<String> command(String action, List<String> arguments) {
        List<String> command = new ArrayList<>(prefix);
        command.add(HOME.resolve("native/build/walls-probe").toString());
        command.addAll(walls);
        command.add(action);
        command.addAll(arguments);
        return command;
    }

    private static Outcome execute(List<String> command, Path scratch) {
        try {
            Path out = Files.createTempFile(scratch, "out", "");
            Path err = Files.createTempFile(scratch, "err", "");
            Process process = new ProcessBuilder(command)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("still running after " + TIMEOUT_SECONDS + " s: " + command);
            }
            return new Outcome(
                    process.exitValue(),
                    new String(Files.readAllBytes(out), StandardCharsets.UTF_8),
                    new String(Files.readAllBytes(err), StandardCharsets.UTF_8));
        } catch (IOException unstartable) {
            throw new AssertionError(unstartable);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new AssertionError(stopped);
        }
    }

    /** Where a program is, if this machine has it. */
    public static Optional<Path> find(String program) {
        return List.of("/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin").stream()
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
