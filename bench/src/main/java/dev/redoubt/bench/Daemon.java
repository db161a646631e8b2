package dev.redoubt.bench;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.daemon.NodeClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A node daemon with a data directory of its own: starting a second one on that of the host's daemon would take over its
 * sandboxes.
 */
final class Daemon implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long PAUSE_MILLIS = 50;

    private final Process process;
    private final NodeSettings settings;

    private Daemon(Process process, NodeSettings settings) {
        this.process = process;
        this.settings = settings;
    }

    /**
     * Starts one and waits until it answers.
     *
     * @param directory what it keeps is below
     */
    static Daemon start(Path script, Path directory, Path natives) throws IOException, InterruptedException {
        NodeSettings settings = new NodeSettings(
                directory.resolve("data"),
                directory.resolve("run"),
                natives,
                NodeSettings.Life.WITH_THIS_PROCESS,
                0,
                TestSwitches.NONE);
        java.nio.file.Files.createDirectories(directory);
        ProcessBuilder builder = new ProcessBuilder(script.toString(), "node")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile());
        builder.environment().putAll(environment(settings));
        Daemon daemon = new Daemon(builder.start(), settings);
        daemon.awaitReady();
        return daemon;
    }

    /** What leads {@code ./redoubt run} to it. */
    Map<String, String> environment() {
        return environment(settings);
    }

    private static Map<String, String> environment(NodeSettings settings) {
        return Map.of(
                "REDOUBT_DATA_DIR", settings.dataDirectory().toString(),
                "REDOUBT_RUN_DIR", settings.runDirectory().toString());
    }

    private void awaitReady() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline && process.isAlive()) {
            Optional<NodeClient> client = NodeClient.connect(settings.runDirectory());
            if (client.isPresent()) {
                client.get().close();
                return;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        close();
        throw new PeerFailedException("./redoubt node did not start");
    }

    /** Ends it, and what it leaves for a successor that will not come: its spawner, its journal. */
    @Override
    public void close() throws IOException {
        List<ProcessHandle> children = process.children().toList();
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stop) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        for (ProcessHandle child : children) {
            child.destroyForcibly();
            child.onExit().join();
        }
        Node.open(settings).close(); // opening sweeps
    }
}
