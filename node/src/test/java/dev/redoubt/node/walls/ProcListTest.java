package dev.redoubt.node.walls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.launch.LaunchSpec.Cover;
import dev.redoubt.node.launch.LaunchSpec.Mask;
import dev.redoubt.node.walls.ProcEntry.Treatment;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("vm")
final class ProcListTest {
    private static final HostFacts HOST = HostFacts.read();

    @TempDir
    Path scratch;

    private final List<Closeable> neighbours = new ArrayList<>();

    /** A kernel that brings a new name must be looked at before it is trusted. */
    @Test
    void everyNameOfThisKernelIsJudged() {
        assertThat(HOST.procFiles()).isNotEmpty();
        assertThat(ProcWalls.unlisted(HOST.procFiles())).isEmpty();
        assertThat(ProcWalls.unlisted(HOST.procDirectories())).isEmpty();
    }

    @Test
    void whatMayNotBeAbsentIsThere() {
        for (ProcEntry entry : ProcList.ENTRIES) {
            if (!entry.mayBeAbsent()) {
                assertThat(Path.of(entry.path())).exists();
            }
        }
    }

    @Test
    void aNameIsJudgedOnceAndAsWhatItIs() {
        Set<String> names = new HashSet<>();
        for (ProcEntry entry : ProcList.ENTRIES) {
            assertThat(names.add(entry.name())).as(entry.name()).isTrue();
            Path path = Path.of(entry.path());
            if (Files.exists(path) && entry.treatment() != Treatment.VISIBLE) {
                boolean directory =
                        entry.treatment() == Treatment.EMPTY || entry.name().equals("sys");
                assertThat(Files.isDirectory(path)).as(entry.name()).isEqualTo(directory);
            }
        }
    }

    @Test
    void aNameNobodyJudgedIsCovered() {
        HostFacts newer = new HostFacts(
                7, Instant.EPOCH, List.of("processor\t: 0"), Set.of("meminfo", "newfile"), Set.of("newdir"));
        assertThat(ProcWalls.masks(newer))
                .contains(new Mask("/proc/newfile", Cover.NULL, true), new Mask("/proc/newdir", Cover.EMPTY, true))
                .doesNotContain(new Mask("/proc/meminfo", Cover.NULL, true));
    }

    @Test
    void fitsIntoASpec() {
        assertThat(ProcWalls.masks(HOST)).hasSizeLessThan(128);
    }

    /**
     * Reads all that stays visible, from namespaces of its own, before and after work outside them. Whatever has
     * changed tells about neighbours. The control is in the same run: what the list covers did change.
     */
    @Test
    void nothingVisibleChangesWithTheNeighboursWork() throws IOException, InterruptedException {
        Process reader = new ProcessBuilder(
                        "unshare", "-pfmniuC", "--mount-proc", "--kill-child", "sh", "-c", """
                        cd /proc
                        snapshot() { grep -rs '' sys $(ls -d [a-z]* | grep -v '^self$\\|^thread-self$\\|^mounts$\\|^kmsg$\\|^sys$\\|^kpage'); }
                        snapshot > "$0/before"; echo ready; read go; snapshot > "$0/after"; echo done""", scratch.toString())
                .redirectError(scratch.resolve("err").toFile())
                .start();
        try (var lines = reader.inputReader();
                var go = reader.outputWriter()) {
            assertThat(lines.readLine())
                    .as(Files.readString(scratch.resolve("err")))
                    .isEqualTo("ready");
            work();
            go.write("go\n");
            go.flush();
            assertThat(lines.readLine()).isEqualTo("done");
        } finally {
            reader.destroyForcibly();
            reader.waitFor();
        }

        Set<String> changed = changed(snapshot("before"), snapshot("after"));
        Set<String> covered = new TreeSet<>(changed);
        covered.removeIf(path -> !isCovered(path));
        assertThat(covered).as("control").contains("stat", "sys/fs/file-nr", "sys/kernel/pty/nr", "loadavg");
        changed.removeAll(covered);
        // Random by nature; the reader's own pid namespace
        changed.removeAll(Set.of("sys/kernel/random/uuid", "sys/kernel/ns_last_pid"));
        // Of the host in every network namespace, and in a directory of each process, where no mount can cover them
        changed.removeAll(Set.of("net/softnet_stat", "net/stat/rt_cache"));
        assertThat(changed).isEmpty();
    }

    /** What a busy neighbour does: files, terminals, processes, memory. Undone after the test. */
    private void work() throws IOException, InterruptedException {
        for (int i = 0; i < 2000; i++) {
            neighbours.add(Files.newOutputStream(scratch.resolve("file" + i)));
        }
        for (int i = 0; i < 4; i++) {
            neighbours.add(Files.newByteChannel(Path.of("/dev/ptmx")));
        }
        Process fork = new ProcessBuilder("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do (true); done").start();
        assertThat(fork.waitFor()).isZero();
        awaitLoad();
    }

    /** The load average is computed every 5 s. */
    private static void awaitLoad() throws IOException, InterruptedException {
        String first = Files.readString(Path.of("/proc/loadavg"));
        for (int i = 0; i < 200 && Files.readString(Path.of("/proc/loadavg")).equals(first); i++) {
            Thread.sleep(50);
        }
    }

    @AfterEach
    void neighboursLeave() throws IOException {
        for (Closeable open : neighbours) {
            open.close();
        }
    }

    private Map<String, List<String>> snapshot(String name) throws IOException {
        Map<String, List<String>> snapshot = new HashMap<>();
        for (String line : Files.readAllLines(scratch.resolve(name), StandardCharsets.ISO_8859_1)) {
            int colon = line.indexOf(':');
            snapshot.computeIfAbsent(line.substring(0, colon), path -> new ArrayList<>())
                    .add(line.substring(colon + 1));
        }
        return snapshot;
    }

    private static Set<String> changed(Map<String, List<String>> before, Map<String, List<String>> after) {
        Set<String> changed = new TreeSet<>(before.keySet());
        changed.addAll(after.keySet());
        changed.removeIf(path -> Objects.equals(before.get(path), after.get(path)));
        return changed;
    }

    private static boolean isCovered(String path) {
        return ProcList.ENTRIES.stream()
                .filter(entry -> entry.treatment() != Treatment.VISIBLE && entry.treatment() != Treatment.READ_ONLY)
                .anyMatch(entry -> path.equals(entry.name()) || path.startsWith(entry.name() + "/"));
    }
}
