package dev.redoubt.node.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.UnixListener;
import dev.redoubt.node.Child;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeOfTest;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.disk.Disks;
import dev.redoubt.node.image.ImageStore;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.protocol.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real owners in processes of their own, killed for real. */
@Tag("vm")
final class SweepTest {
    @TempDir
    private Path temporary;

    private DataDirectory data;
    private RunDirectory run;
    private Cgroups cgroups;
    private Disks disks;
    private ImageStore images;
    private Ranges ranges;

    @BeforeEach
    void open() {
        data = DataDirectory.open(temporary.resolve("data"));
        run = RunDirectory.open(NodeOfTest.settings(temporary).runDirectory());
        cgroups = Cgroups.detect();
        disks = Disks.open(data);
        images = Node.openImages(NodeOfTest.settings(temporary));
        images.ensureBuiltIn("busybox");
        ranges = Ranges.open(data);
    }

    @AfterEach
    void close() {
        sweep();
        disks.close();
        cgroups.removeWhenEmpty();
    }

    private SweepReport sweep() {
        return new Sweep(cgroups, disks, images, ranges).run(data);
    }

    private Path journal(String owner) {
        return data.node().resolve("owners").resolve(owner);
    }

    /** What carries an owner's name, and its processes. */
    private record Holdings(String owner, List<Long> processes) {
        static Holdings of(Child child) throws IOException {
            String[] words = child.line().split(" ", -1);
            return new Holdings(words[0], List.of(Long.valueOf(words[1]), Long.valueOf(words[2])));
        }

        List<String> among(Collection<String> names) {
            return names.stream().filter(name -> name.startsWith(owner)).toList();
        }
    }

    private void assertWhole(Holdings its) {
        assertThat(its.among(cgroups.names())).hasSize(2);
        assertThat(its.among(disks.names())).hasSize(2);
        assertThat(its.among(images.users())).hasSize(2);
        assertThat(ranges.of(its.owner())).hasSize(2);
        assertThat(its.processes()).allMatch(SweepTest::runs);
        assertThat(journal(its.owner())).isDirectory();
    }

    private void assertGone(Holdings its) {
        assertThat(its.among(cgroups.names())).isEmpty();
        assertThat(its.among(disks.names())).isEmpty();
        assertThat(its.among(images.users())).isEmpty();
        assertThat(ranges.of(its.owner())).isEmpty();
        assertThat(its.processes()).noneMatch(SweepTest::runs);
        assertThat(journal(its.owner())).doesNotExist();
    }

    /** A killed process whose parent is gone may wait a moment as a zombie; that is not running. */
    private static boolean runs(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
        } catch (IOException gone) {
            return false;
        }
    }

    @Test
    void removesEverythingOfAKilledOwnerAndNothingOfALivingOne() throws IOException, InterruptedException {
        try (Child doomed = Child.start(LivingOwner.class, temporary.toString());
                Child living = Child.start(LivingOwner.class, temporary.toString())) {
            Holdings doomeds = Holdings.of(doomed);
            Holdings livings = Holdings.of(living);
            assertThat(sweep().isEmpty()).as("control: nobody is dead").isTrue();
            assertWhole(doomeds);
            assertWhole(livings);

            doomed.kill();
            assertThat(doomeds.processes()).as("its processes outlive it").allMatch(SweepTest::runs);
            SweepReport report = sweep();
            assertThat(report.problems()).isEmpty();
            assertThat(report.removed()).containsExactly(doomeds.owner());
            assertGone(doomeds);
            assertWhole(livings);
            assertThat(sweep().isEmpty()).isTrue();

            living.kill();
            assertThat(sweep().removed()).containsExactly(livings.owner());
            assertGone(livings);
        }
    }

    @Test
    void ofManySweepsAtOnceOneRemovesAnOwner() throws IOException, InterruptedException, ExecutionException {
        Owner mine = Owner.begin(data, run);
        try (Fd lock = LinuxFiles.open(mine.lockFile().toString(), LinuxFiles.O_RDWR);
                Child doomed = Child.start(LivingOwner.class, temporary.toString());
                ExecutorService threads = Executors.newFixedThreadPool(16)) {
            LinuxFiles.lock(lock);
            mine.publish();
            Holdings its = Holdings.of(doomed);
            doomed.kill();
            List<Callable<SweepReport>> sweeps = Collections.nCopies(100, this::sweep);
            int removed = 0;
            for (Future<SweepReport> report : threads.invokeAll(sweeps)) {
                assertThat(report.get().problems()).isEmpty();
                removed += report.get().removed().size();
            }
            assertThat(removed).isEqualTo(1);
            assertGone(its);
            assertThat(journal(mine.name())).isDirectory();
        }
        mine.end();
    }

    @Test
    void sweepDuringTheEndOfAnOwnerIsNoError() throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int i = 0; i < 200; i++) {
                Owner owner = Owner.begin(data, run);
                owner.publish(); // nobody holds its lock: what a sweep sees while an owner is ending
                List<Future<SweepReport>> sweeps = threads.invokeAll(Collections.nCopies(2, this::sweep));
                owner.end();
                for (Future<SweepReport> sweep : sweeps) {
                    assertThat(sweep.get().problems()).isEmpty();
                }
                assertThat(journal(owner.name())).doesNotExist();
            }
        }
    }

    @Test
    void unreadableEntryIsMovedAsideAndEverythingIsRemoved() throws IOException {
        Owner owner = Owner.begin(data, run);
        owner.publish();
        SandboxId id = SandboxId.random();
        IdRange range = ranges.claim(owner.name());
        owner.write(new Entry(id, 1, range, owner.name() + "-1", Map.of()));
        owner.write(new Entry(SandboxId.random(), 2, range, owner.name() + "-2", Map.of()));
        cgroups.create(owner.name() + "-1");
        Files.writeString(journal(owner.name()).resolve(id.value()), "half an entr");
        assertThat(owner.entries()).hasSize(1);

        SweepReport report = sweep();
        assertThat(report.removed()).containsExactly(owner.name());
        assertThat(report.corrupt()).hasSize(1).allMatch(Files::exists);
        assertThat(cgroups.names()).doesNotContain(owner.name() + "-1");
        assertThat(ranges.of(owner.name())).isEmpty();
        assertThat(sweep().isEmpty()).isTrue();
    }

    /** What nobody can sweep is no reason to refuse an image. */
    @Test
    void imagesAreHadWhateverASweepMeets() throws IOException {
        Owner stuck = Owner.begin(data, run);
        stuck.publish();
        Files.delete(stuck.lockFile());
        Files.createDirectory(stuck.lockFile());
        assertThat(sweep().problems()).as("control: it cannot be swept").hasSize(1);
        assertThat(Node.openImages(NodeOfTest.settings(temporary)).list()).hasSize(1);
    }

    @Test
    void ownerThatResistsIsReportedAndTheNextOneIsRemovedAllTheSame() throws IOException {
        Owner stuck = Owner.begin(data, run);
        stuck.publish();
        Path inTheWay = Files.createDirectories(journal(stuck.name()).resolve("sbx_directory"));
        Files.createFile(inTheWay.resolve("file"));
        Owner other = Owner.begin(data, run);
        other.publish();

        SweepReport report = sweep();
        assertThat(report.removed()).contains(other.name());
        assertThat(journal(other.name())).doesNotExist();
        assertThat(report.problems()).hasSize(1).allMatch(problem -> problem.startsWith(stuck.name()));
        Files.delete(inTheWay.resolve("file"));
        Files.delete(inTheWay);
    }

    /** Who sweeps may have its own sockets elsewhere. */
    @Test
    void theSocketsOfAKilledOwnerGoWhereverTheyAre() throws IOException {
        RunDirectory elsewhere = RunDirectory.open(temporary.resolve("elsewhere"));
        Owner owner = Owner.begin(data, elsewhere);
        owner.publish();
        UnixListener.bind(elsewhere.socketOf(owner.name())).close();
        UnixListener.bind(elsewhere.daemonSocket()).close();
        Files.createFile(elsewhere.callsOf(owner.name()));
        UnixListener living = UnixListener.bind(run.daemonSocket());
        Owner other = Owner.begin(data, run);
        other.publish();
        try {
            assertThat(sweep().removed()).containsExactlyInAnyOrder(owner.name(), other.name());
            assertThat(elsewhere.path()).isEmptyDirectory();
            assertThat(run.daemonSocket()).as("one that answers").exists();
        } finally {
            living.close();
        }
    }

    @Test
    void ownerThatNeverFinishedStartingGoesAfterAMinute() throws IOException {
        Owner stillborn = Owner.begin(data, run);
        Path directory = stillborn.lockFile().resolveSibling("");
        assertThat(sweep().isEmpty()).isTrue();
        assertThat(directory).isDirectory();
        Files.setLastModifiedTime(directory, FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
        assertThat(sweep().removed()).hasSize(1);
        assertThat(directory).doesNotExist();
    }
}
