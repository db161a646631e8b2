package dev.redoubt.node.image;

import dev.redoubt.node.image.ImageException.Reason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/** The recipe of the base image at work; the archive comes out of {@link #archive}. */
final class BaseBuild implements AutoCloseable {
    private static final int LINES_KEPT = 20;
    private static final int COMMAND_NOT_FOUND = 127;

    private final Process process;
    private final Log log;

    private BaseBuild(Process process, Log log) {
        this.process = process;
        this.log = log;
    }

    /**
     * Starts the recipe.
     *
     * @param packages instead of the usual ones; empty for those
     * @param tmp where it works: in the store's {@code tmp}, so that a killed build is swept
     */
    static BaseBuild start(List<String> packages, Path tmp, Consumer<ImageEvent> progress) {
        Log log = new Log(progress);
        CompletableFuture<Process> started = new CompletableFuture<>();
        ProcessBuilder builder = new ProcessBuilder(command(packages));
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        builder.environment().put("TMPDIR", tmp.toString());
        Thread.ofPlatform().daemon().name("base-build").start(() -> keep(builder, started, log));
        try {
            return new BaseBuild(started.get(), log);
        } catch (ExecutionException failed) {
            throw new ImageException(Reason.HOST_LACKS, "cannot build the base image: " + failed.getMessage(), failed);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(Reason.BUILD_FAILED, "interrupted", asked);
        }
    }

    /** A pid namespace, so that all of the build dies with this process: it is many programs, some of them daemons. */
    private static List<String> command(List<String> packages) {
        List<String> command = new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL"));
        command.addAll(List.of("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"));
        command.addAll(List.of("sh", "-c", BaseImage.script(), "base.sh"));
        command.addAll(packages);
        return command;
    }

    /** The death signal comes when the thread that started the process ends: it stays until the process has ended. */
    private static void keep(ProcessBuilder builder, CompletableFuture<Process> started, Log log) {
        try {
            Process process = builder.start();
            started.complete(process);
            log.follow(process.getErrorStream());
            process.waitFor();
        } catch (IOException failed) {
            started.completeExceptionally(failed);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        } finally {
            // Does nothing when it has started: else whoever waits would wait for ever.
            started.completeExceptionally(new IllegalStateException("the thread ended before its process began"));
        }
    }

    InputStream archive() {
        return process.getInputStream();
    }

    /** @throws ImageException with the build's last lines when it failed */
    void finish() {
        int code = end();
        if (code == COMMAND_NOT_FOUND) {
            throw new ImageException(
                    Reason.HOST_LACKS, "making the base image needs the package mmdebstrap:\n" + log.lastLines());
        }
        if (code != 0) {
            throw new ImageException(Reason.BUILD_FAILED, "making the base image failed:\n" + log.lastLines());
        }
    }

    private int end() {
        try {
            return process.waitFor();
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(Reason.BUILD_FAILED, "interrupted", asked);
        }
    }

    /** The workspace is about to be removed: nothing may still write there. */
    @Override
    public void close() {
        process.destroyForcibly();
        end();
    }

    /** The build's messages: passed on, and the last ones kept for an error. */
    private static final class Log {
        private final Consumer<ImageEvent> progress;
        private final Deque<String> lastLines = new ArrayDeque<>();

        Log(Consumer<ImageEvent> progress) {
            this.progress = progress;
        }

        void follow(InputStream stream) throws IOException {
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    keep(line);
                    progress.accept(new ImageEvent.Building(line));
                }
            }
        }

        private synchronized void keep(String line) {
            lastLines.add(line);
            if (lastLines.size() > LINES_KEPT) {
                lastLines.remove();
            }
        }

        synchronized String lastLines() {
            return String.join("\n", lastLines);
        }
    }
}
