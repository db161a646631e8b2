package dev.redoubt.e2e;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.disk.Disks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Directories of a node of a test's own, and a look at what is left of it. Short names: a socket's path has 107 bytes.
 */
final class Place implements AutoCloseable {
    static final Path NATIVES =
            Path.of(System.getProperty("redoubt.native")).toAbsolutePath().normalize();

    private final Path root;
    private final WatchService watch;

    /** Every owner that this place ever had: what is left of one that was swept is still known by its name. */
    private final Set<String> everOwners = new TreeSet<>();

    private Place(Path root) throws IOException {
        this.root = root;
        this.watch = root.getFileSystem().newWatchService();
        DataDirectory.open(data()).nodeDirectory("owners").register(watch, StandardWatchEventKinds.ENTRY_CREATE);
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
                groups(names(groups())),
                disks(),
                processes().stream().map(Place::described).toList());
    }

    private synchronized Set<String> everOwners() {
        for (WatchKey key = watch.poll(); key != null; key = watch.poll()) {
            for (WatchEvent<?> event : key.pollEvents()) {
                if (event.kind() == StandardWatchEventKinds.OVERFLOW) {
                    throw new AssertionError("more owners than could be watched");
                }
                everOwners.add(event.context().toString().replaceFirst("^\\.new-", ""));
            }
            key.reset();
        }
        return everOwners;
    }

    /** Those of some control groups that an owner of this place had. */
    private List<String> groups(List<String> all) {
        Set<String> owners = everOwners();
        return all.stream()
                .filter(name -> owners.stream().anyMatch(owner -> name.startsWith(owner + "-")))
                .toList();
    }

    List<String> disks() {
        try (Disks disks = Disks.open(DataDirectory.open(data()))) {
            return disks.names().stream().sorted().toList();
        }
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
            List<String> groups,
            List<String> disks,
            List<String> processes) {
        static final Leftovers NONE =
                new Leftovers(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());
    }

    /** Spawners of this place, all that descends from one, and whatever is in a control group of this place. */
    Set<ProcessHandle> processes() throws IOException {
        Set<ProcessHandle> ours = new LinkedHashSet<>(spawners());
        ours.addAll(ours.stream().flatMap(ProcessHandle::descendants).toList());
        for (String group : groups(names(groups()))) {
            ours.addAll(members(groups().resolve(group)));
        }
        return ours;
    }

    /** Each has a socket of ours on its command line; so have its builders, until they become guests. */
    List<ProcessHandle> spawners() {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(process -> {
                        String line = process.info().commandLine().orElse("");
                        return line.contains("redoubt-spawner") && line.contains(run().toString());
                    })
                    .toList();
        }
    }

    private static List<ProcessHandle> members(Path group) throws IOException {
        try {
            return Files.readAllLines(group.resolve("cgroup.procs")).stream()
                    .map(Long::parseLong)
                    .flatMap(pid -> ProcessHandle.of(pid).stream())
                    .toList();
        } catch (NoSuchFileException removedMeanwhile) {
            return List.of();
        }
    }

    private static String described(ProcessHandle process) {
        return process.pid() + " " + process.info().commandLine().orElse("");
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

    static List<String> names(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Override
    public void close() throws IOException {
        watch.close();
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
