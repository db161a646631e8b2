package dev.redoubt.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Where the programs that we compare with keep their things while a benchmark runs; nothing of it is left afterwards. */
final class Workbench implements AutoCloseable {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    private static final String COVERED = "mount -t tmpfs none " + CGROUPS.resolve("unified") + " && exec \"$@\"";

    private final Path directory;
    private final Path natives;
    private final String cgroupParent;
    private final List<Stopwatch> stopwatches = new ArrayList<>();
    private final List<OciContainer> containers = new ArrayList<>();
    private int numbers;

    private Workbench(Path directory, Path natives, String cgroupParent) {
        this.directory = directory;
        this.natives = natives;
        this.cgroupParent = cgroupParent;
    }

    static Workbench open(Path natives) throws IOException {
        return new Workbench(
                Files.createTempDirectory("redoubt-bench"),
                natives,
                "redoubt-bench-" + ProcessHandle.current().pid());
    }

    Path directory() {
        return directory;
    }

    /** Our own native programs, which can be shown inside a sandbox. */
    Path natives() {
        return natives;
    }

    /** runc, crun and runsc, those that are here. */
    List<OciRuntime> runtimes() throws IOException, InterruptedException {
        List<OciRuntime> found = new ArrayList<>();
        if (Programs.installed("crun")) {
            found.add(new OciRuntime("crun", List.of("crun", "--root", state("crun")), isHybrid()));
        }
        if (Programs.installed("runc")) {
            found.add(new OciRuntime("runc", List.of("runc", "--root", state("runc")), false));
        }
        if (Programs.installed("runsc")) {
            found.add(new OciRuntime(
                    "runsc",
                    List.of("runsc", "--root", state("runsc"), "--network=none", "--platform=" + gvisorPlatform()),
                    false));
        }
        return found;
    }

    /** Their versions, for the report. */
    static Map<String, String> versions() throws IOException, InterruptedException {
        Map<String, String> versions = new LinkedHashMap<>();
        for (String name : List.of("runc", "crun", "bwrap", "runsc")) {
            if (Programs.installed(name)) {
                versions.put(name, Programs.firstLine(name, "--version"));
            }
        }
        return versions;
    }

    Bundle bundle(Path root, List<String> argv) throws IOException {
        String id = "bench-" + ++numbers;
        return Bundle.write(directory.resolve(id), id, cgroupParent, root, natives, argv);
    }

    /** A stopwatch for a program, with this process's environment and these variables. */
    Stopwatch stopwatch(boolean coverUnified, Map<String, String> environment, List<String> command)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(Stopwatch.command(natives, coverUnified, command));
        builder.environment().putAll(environment);
        Stopwatch started = Stopwatch.start(builder, directory.resolve("errors-" + ++numbers));
        stopwatches.add(started);
        return started;
    }

    /**
     * Starts a container that runs until the end of the benchmark.
     *
     * @throws PeerFailedException when it does not start
     */
    void start(OciRuntime runtime, Bundle bundle) throws IOException {
        containers.add(new OciContainer(runtime, bundle)); // before it is there: what half started goes away too
        once(runtime, runtime.start(bundle));
    }

    /** The pid on the host of a container's first process. */
    String pid(OciRuntime runtime, Bundle bundle) throws IOException, InterruptedException {
        JsonNode pid = JsonMapper.builder()
                .build()
                .readTree(output(runtime.state(bundle)))
                .get("pid");
        if (pid == null) {
            throw new PeerFailedException("does not tell its pid");
        }
        return pid.asString();
    }

    /**
     * Runs a program that is to succeed. What it printed.
     *
     * @throws PeerFailedException when it does not
     */
    String output(List<String> command) throws IOException, InterruptedException {
        return output(false, command);
    }

    /** The same, and with {@code coverUnified} in surroundings like those of {@link #stopwatch}, which keeps output to itself. */
    String output(boolean coverUnified, List<String> command) throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>();
        if (coverUnified) {
            whole.addAll(List.of("unshare", "--mount", "sh", "-c", COVERED, "sh"));
        }
        whole.addAll(command);
        Process process = new ProcessBuilder(whole)
                .redirectError(directory.resolve("errors-" + ++numbers).toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new PeerFailedException("exit status " + process.exitValue());
        }
        return text;
    }

    private record OciContainer(OciRuntime runtime, Bundle bundle) {}

    /** In the same surroundings as when a program is timed. */
    private void once(OciRuntime runtime, List<String> command) throws IOException {
        stopwatch(runtime.coversUnified(), Map.of(), quietly(command)).lap();
    }

    /** Ends all that were started. */
    void endContainers() throws IOException {
        for (OciContainer container : containers) {
            delete(container);
        }
        containers.clear();
    }

    @Override
    public void close() throws IOException {
        endContainers();
        for (Stopwatch stopwatch : stopwatches) {
            stopwatch.close();
        }
        removeCgroups();
        removeTree(directory);
    }

    private void delete(OciContainer container) throws IOException {
        try {
            once(container.runtime(), container.runtime().delete(container.bundle()));
        } catch (PeerFailedException neverStarted) {
            return; // what it may have left in control groups is ended below
        }
    }

    /** A detached container keeps its caller's output open, and the stopwatch would wait for its end. */
    private static List<String> quietly(List<String> command) {
        List<String> all = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" >/dev/null", "sh"));
        all.addAll(command);
        return all;
    }

    private String state(String name) throws IOException {
        return Files.createDirectories(directory.resolve("state-" + name)).toString();
    }

    private static boolean isHybrid() {
        return Files.isDirectory(CGROUPS.resolve("unified"));
    }

    /** systrap is the faster one and the default since 2023; older releases have only ptrace and KVM. */
    private static String gvisorPlatform() throws IOException, InterruptedException {
        Process help =
                new ProcessBuilder("runsc", "flags").redirectErrorStream(true).start();
        String flags = new String(help.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        help.waitFor();
        return flags.contains("systrap") ? "systrap" : "ptrace";
    }

    /** The runtimes remove a container's groups, not the parent that all ours have. */
    private void removeCgroups() throws IOException {
        try (Stream<Path> hierarchies = Files.list(CGROUPS)) {
            for (Path hierarchy : hierarchies.toList()) {
                removeGroup(hierarchy.resolve(cgroupParent));
            }
        }
    }

    private static void removeGroup(Path group) throws IOException {
        if (!Files.isDirectory(group)) {
            return;
        }
        try (Stream<Path> below = Files.walk(group)) {
            for (Path directory : below.filter(Files::isDirectory)
                    .sorted(Comparator.reverseOrder())
                    .toList()) {
                killMembers(directory);
                Files.delete(directory);
            }
        } catch (FileSystemException busy) {
            throw new IOException("a container of a benchmark did not end: " + busy.getMessage(), busy);
        }
    }

    /** Only what a runtime that failed left behind is still in there. */
    private static void killMembers(Path group) throws IOException {
        for (String pid : Files.readAllLines(group.resolve("cgroup.procs"))) {
            ProcessHandle.of(Long.parseLong(pid)).ifPresent(member -> {
                member.destroyForcibly();
                member.onExit().join();
            });
        }
    }

    static void removeTree(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
