package dev.redoubt.e2e;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.TestSwitches;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Directories of a node of a test's own, and a look at what is left of it. Short names: a socket's path has 107 bytes.
 */
final class Place implements AutoCloseable {
    static final Path NATIVES =
            Path.of(System.getProperty("redoubt.native")).toAbsolutePath().normalize();

    private final Path root;

    private Place(Path root) {
        this.root = root;
    }

    static Place make() throws IOException {
        return new Place(Files.createTempDirectory(Path.of("/tmp"), "rdt-"));
    }

    Path data() {
        return root.resolve("data");
    }

    Path run() {
        return root.resolve("run");
    }

    Path file(String name) {
        return root.resolve(name);
    }

    NodeSettings settings() {
        return new NodeSettings(data(), run(), NATIVES, NodeSettings.Life.WITH_THIS_PROCESS, 0, TestSwitches.NONE);
    }

    /** A node with the built-in image ready. */
    Node open(NodeSettings settings) {
        Node node = Node.open(settings);
        node.images().ensureBuiltIn("busybox");
        return node;
    }

    Map<String, String> environment() {
        return Map.of("REDOUBT_DATA_DIR", data().toString(), "REDOUBT_RUN_DIR", run().toString());
    }

    /** What a node of this place has on the host: nothing, once it is closed or swept. */
    Leftovers leftovers() throws IOException {
        return new Leftovers(
                names(data().resolve("node/owners")),
                names(data().resolve("node/ranges")),
                names(data().resolve("node/images/uses")),
                names(run()).stream().filter(name -> !name.equals("node.sock")).toList(),
                processes());
    }

    /** Makes every owner of this place look two minutes old. */
    void ageOwners() throws IOException {
        Path owners = data().resolve("node/owners");
        FileTime then = FileTime.from(Instant.now().minusSeconds(120));
        for (String name : names(owners)) {
            Files.setLastModifiedTime(owners.resolve(name), then);
        }
    }

    /** All of it by name, so that a failure says what is left. */
    record Leftovers(
            List<String> owners,
            List<String> ranges,
            List<String> imageUses,
            List<String> sockets,
            List<String> processes) {
        static final Leftovers NONE = new Leftovers(List.of(), List.of(), List.of(), List.of(), List.of());
    }

    /** Spawners of this place: each has a socket of ours on its command line. */
    private List<String> processes() {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.map(process -> process.info().commandLine().orElse(""))
                    .filter(line -> line.contains("redoubt-spawner") && line.contains(run().toString()))
                    .toList();
        }
    }

    /** Where Redoubt's control groups are: those for memory, with version 1. */
    static Path groups() {
        Path memory = Path.of("/sys/fs/cgroup/memory/redoubt");
        return Files.isDirectory(memory) ? memory : Path.of("/sys/fs/cgroup/redoubt");
    }

    /** The names of control groups that begin with an owner's name. */
    static List<String> groupsOf(String owner) throws IOException {
        return names(groups()).stream().filter(name -> name.startsWith(owner)).toList();
    }

    private static List<String> names(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    /** Waits for something that must come to be. */
    static void until(String what, long seconds, Condition condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!condition.holds()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + seconds + " s: " + what);
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    /** Something to wait for. */
    interface Condition {
        boolean holds() throws Exception;
    }
}
