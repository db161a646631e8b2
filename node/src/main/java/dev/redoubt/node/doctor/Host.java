package dev.redoubt.node.doctor;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Looks at the host and changes nothing. */
final class Host {
    private static final int PATIENCE_SECONDS = 10;

    private Host() {}

    /**
     * The stripped text of a file of /proc or /sys; empty when it is absent or not for us to read.
     *
     * <p>Read in one piece: a sysctl answers a second read(2) with its end, and Files.readString begins with one byte ("9"
     * for 96365).
     */
    static Optional<String> read(String path) {
        try {
            return Optional.of(LinuxFiles.readOnce(path).strip());
        } catch (LinuxException absent) {
            return Optional.empty();
        }
    }

    static Optional<Long> number(String path) {
        return read(path).filter(text -> text.matches("-?\\d{1,18}")).map(Long::valueOf);
    }

    /** What a program answered. */
    record Ran(int exit, String said) {
        boolean well() {
            return exit == 0;
        }

        /** Its last line, where programs put the reason. */
        String reason() {
            List<String> lines = said.strip().lines().toList();
            return lines.isEmpty() ? "exit code " + exit : lines.getLast();
        }
    }

    /** Runs a program of the host's to its end. A program that is not there, or does not end, ran badly. */
    static Ran run(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(new java.io.File("/dev/null"))
                    .start();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Ran(-1, "still running after " + PATIENCE_SECONDS + " s");
            }
            return new Ran(
                    process.exitValue(), new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException absent) {
            return new Ran(-1, String.valueOf(absent.getMessage()));
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return new Ran(-1, "interrupted");
        }
    }

    /** Whether PATH has this program. */
    static boolean has(String program) {
        for (String directory :
                System.getenv().getOrDefault("PATH", "/usr/sbin:/usr/bin").split(":", -1)) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }
}
