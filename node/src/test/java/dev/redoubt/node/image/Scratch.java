package dev.redoubt.node.image;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.TreeRemoval;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A directory for one test, removed with whatever strange names the test put there, and processes that end with it. */
public final class Scratch implements AutoCloseable {
    private final Path directory;
    private final List<Process> processes = new ArrayList<>();

    public Scratch() throws IOException {
        this.directory = Files.createTempDirectory("redoubt-image-test-");
    }

    public Path path() {
        return directory;
    }

    public Path path(String name) {
        return directory.resolve(name);
    }

    public Path make(String name) throws IOException {
        return Files.createDirectories(directory.resolve(name));
    }

    /** Runs a shell script here and gives what it prints; it must succeed. */
    public String sh(String script, String... arguments) {
        List<String> command = new ArrayList<>(List.of("sh", "-euc", script, "sh"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError("failed: " + script + "\n" + output);
            }
            return output;
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    /** Starts a process that does not outlive the test, however that ends. */
    public Process start(ProcessBuilder builder) throws IOException {
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    @Override
    public void close() {
        for (Process process : processes) {
            process.destroyForcibly();
            process.onExit().join();
        }
        try (Directory parent = Directory.open(Objects.requireNonNull(directory.getParent()))) {
            String name = Objects.requireNonNull(directory.getFileName()).toString();
            TreeRemoval.remove(parent, name.getBytes(StandardCharsets.US_ASCII));
        }
    }
}
