package dev.redoubt.node.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Descriptors;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The spawner alone, in its test build; where a builder would join a control group it writes into nothing. */
@Tag("vm")
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SpawnerTest {
    private static final Path NATIVES =
            Path.of(System.getProperty("redoubt.native")).toAbsolutePath().normalize();
    private static final int ID_BASE = 0x6000_0000;
    private static final int REAPED_FIRST = 0x200;
    private static final int EXIT_1 = 1 << 8;
    private static final int SIGKILL = 9;
    private static final int NO_DESCRIPTOR = 1_000_000;
    private static final SlotPlan NOTHING = new SlotPlan(List.of(), List.of());

    @TempDir
    Path place;

    private Spawner spawner;
    private Fd group;

    @BeforeEach
    void start() throws IOException {
        group = LinuxFiles.open("/dev/null", LinuxFiles.O_WRONLY);
        spawner = Spawner.start(
                NATIVES.resolve("redoubt-spawner-test"),
                NATIVES.resolve("redoubt-guest"),
                place.resolve("s"),
                place.resolve("l"),
                true);
    }

    @AfterEach
    void stop() {
        spawner.close();
        group.close();
    }

    private Spawner.Slot prepare(int flags) {
        return prepare(flags, NOTHING);
    }

    private Spawner.Slot prepare(int flags, SlotPlan plan) {
        return spawner.prepare(1, ID_BASE, false, flags, plan, new int[] {group.number()});
    }

    private static void close(Spawner.Slot slot) {
        slot.launcher().close();
        List.of(slot.networkNamespace(), slot.channel(), slot.pidfd()).forEach(Descriptors::close);
    }

    @Test
    void aSlotThatWaitsIsKilledByItsForgetting() {
        Spawner.Slot slot = prepare(0);
        long pid = pidOfTheOnlyOne();
        assertThat(ProcessHandle.of(pid)).isPresent();
        assertThat(spawner.forget(1)).hasValue(SIGKILL);
        assertThat(ProcessHandle.of(pid)).isEmpty();
        close(slot);
    }

    @Test
    void aSlotThatItsNodeLetsGoOfEnds() {
        Spawner.Slot slot = prepare(0);
        assertThat(stateOfTheOnlyOne()).isEqualTo(Spawner.State.SLOT);
        long pid = pidOfTheOnlyOne();
        close(slot);
        while (stateOfTheOnlyOne() != Spawner.State.DEAD) {
            Thread.onSpinWait(); // the time limit of the class ends it
        }
        assertThat(ProcessHandle.of(pid)).isEmpty();
        assertThat(spawner.forget(1)).isPresent();
        assertThat(spawner.list()).isEmpty();
    }

    @Test
    void aLaunchInADeadSlotSaysSo() {
        Spawner.Slot slot = prepare(0);
        spawner.forget(1);
        assertThatThrownBy(() -> slot.launcher().launch(anything(0), List.of(), new int[0]))
                .isInstanceOfSatisfying(
                        LaunchException.class,
                        failed -> assertThat(failed.step()).isEqualTo(Step.KILLED));
        close(slot);
    }

    /** What this process lacks is not said to be the end of another. */
    @Test
    void aLaunchThatCannotBeAskedForSaysWhy() {
        Spawner.Slot slot = prepare(0);
        assertThatThrownBy(() -> slot.launcher().launch(anything(0), List.of(), new int[] {NO_DESCRIPTOR}))
                .isInstanceOfSatisfying(LaunchException.class, failed -> {
                    assertThat(failed.step()).isEqualTo(Step.HAND_OVER);
                    assertThat(failed.errno()).isEqualTo(Errno.EBADF);
                });
        close(slot);
    }

    /** Killed on its way to its walls it is no sandbox: the end that the builder hears is not that of an exec. */
    @Test
    void aLaunchWhoseProcessIsKilledIsNone() throws Exception {
        Spawner.Slot slot = prepare(0);
        long pid = pidOfTheOnlyOne();
        ProcessHandle builder = builder(pid);
        String atRest = sleepsIn(builder);
        signal("STOP", pid);
        Path layer = Files.createDirectory(place.resolve("layer"));
        try (Fd mount = MountTree.cloneOf(layer.toString());
                ExecutorService launching = Executors.newSingleThreadExecutor()) {
            Future<Launcher.Launched> launch = launching.submit(
                    () -> slot.launcher().launch(anything(LaunchSpec.LISTENER), List.of(), new int[] {mount.number()}));
            while (sleepsIn(builder).equals(atRest) || sleepsIn(builder).startsWith("running")) {
                Thread.onSpinWait(); // the time limit of the class ends it
            }
            signal("KILL", pid);
            assertThatThrownBy(launch::get).cause().isInstanceOfSatisfying(LaunchException.class, failed -> {
                assertThat(failed.step()).isEqualTo(Step.KILLED);
                assertThat(failed.errno()).isEqualTo(Errno.ECHILD);
            });
        }
        close(slot);
    }

    /** The spawner's other child, beside the inner process. */
    private static ProcessHandle builder(long inner) {
        return ProcessHandle.of(inner)
                .flatMap(ProcessHandle::parent)
                .orElseThrow()
                .children()
                .filter(child -> child.pid() != inner)
                .findFirst()
                .orElseThrow();
    }

    /** The system call that a process waits in and the descriptor that it gave, of proc_pid_syscall(5). */
    private static String sleepsIn(ProcessHandle process) throws IOException {
        return Files.readString(Path.of("/proc/" + process.pid() + "/syscall")).replaceAll("^(\\S+ \\S+).*\n", "$1");
    }

    private static void signal(String name, long pid) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    /** Here there is no such profile, or no AppArmor at all. */
    @Test
    void aLabelThatCannotBeSetStartsNothing() throws Exception {
        Path layer = Files.createDirectory(place.resolve("layer"));
        int walls = LaunchSpec.TEST_NO_LANDLOCK | LaunchSpec.TEST_NO_SECCOMP;
        assertThatThrownBy(() -> launch(layer, labelled(walls)))
                .isInstanceOfSatisfying(LaunchException.class, failed -> {
                    assertThat(failed.step()).isEqualTo(Step.LABEL);
                    assertThat(failed.errno()).isIn(Errno.ENOENT, Errno.EINVAL); // built, and not switched on
                    assertThat(failed).hasMessageContaining("label redoubt-nobody-loaded-this");
                });
        assertThat(spawner.forget(1)).isPresent();
        launch(layer, labelled(walls | LaunchSpec.TEST_NO_LABEL)); // control: the rest of it can be built
        assertThat(stateOfTheOnlyOne()).isEqualTo(Spawner.State.RUNNING);
        assertThat(spawner.forget(1)).isPresent();
    }

    /** Of a policy that nobody has, or of SELinux where there is none at all. */
    @Test
    void aContextThatTheKernelDoesNotKnowStartsNothing() throws Exception {
        SlotPlan.Contexts strange =
                new SlotPlan.Contexts("s0:c1,c2", "system_u:object_r:stranger_t:s0:c1,c2", "stranger");
        assertThatThrownBy(() -> close(prepare(0, NOTHING.withContexts(strange))))
                .isInstanceOfSatisfying(LaunchException.class, failed -> {
                    assertThat(failed.step()).isEqualTo(Step.LABEL);
                    assertThat(failed.errno()).isEqualTo(Errno.EINVAL);
                });
        spawner.forget(1);
        assertThat(spawner.list()).isEmpty();

        Path layer = Files.createDirectory(place.resolve("layer"));
        int walls = LaunchSpec.TEST_NO_LANDLOCK | LaunchSpec.TEST_NO_SECCOMP;
        LaunchSpec.Label domain = new LaunchSpec.Label("", "system_u:system_r:stranger_t");
        LaunchSpec.Encoded alone = anything(walls).spec().withLabel(domain).encoded(0);
        assertThatThrownBy(() -> launch(layer, alone)) // a domain in a slot without a level
                .isInstanceOfSatisfying(
                        LaunchException.class,
                        failed -> assertThat(failed.step()).isEqualTo(Step.LABEL));
        assertThat(spawner.forget(1)).isPresent();
        launch(layer, anything(walls)); // control: without one it starts
        assertThat(stateOfTheOnlyOne()).isEqualTo(Spawner.State.RUNNING);
        assertThat(spawner.forget(1)).isPresent();
    }

    private static LaunchSpec.Encoded labelled(int flags) {
        return anything(flags)
                .spec()
                .withLabel(new LaunchSpec.Label("redoubt-nobody-loaded-this", ""))
                .encoded(0);
    }

    private void launch(Path layer, LaunchSpec.Encoded spec) {
        Spawner.Slot slot = prepare(0);
        try (Fd mount = MountTree.cloneOf(layer.toString())) {
            slot.launcher().launch(spec, List.of(), new int[] {mount.number()});
        } finally {
            close(slot);
        }
    }

    private static LaunchSpec.Encoded anything(int flags) {
        return new LaunchSpec(
                        flags,
                        1,
                        1,
                        0,
                        0,
                        0,
                        1,
                        new LaunchSpec.Upper.Memory(1 << 20, 100),
                        "name",
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        new LaunchSpec.Landlock(0, 0, 0, List.of()),
                        new LaunchSpec.Filter(new byte[0]),
                        List.of("guest"),
                        LaunchSpec.Label.NONE)
                .encoded(0);
    }

    @Test
    void anyNumberOfThreadsMayListAtOnce() {
        List<List<Spawner.Listed>> lists = IntStream.range(0, 1000)
                .parallel()
                .mapToObj(_ -> spawner.list())
                .toList();
        assertThat(lists).hasSize(1000).allSatisfy(all -> assertThat(all).isEmpty());
    }

    private long pidOfTheOnlyOne() {
        return spawner.list().getFirst().pid();
    }

    private Spawner.State stateOfTheOnlyOne() {
        return spawner.list().getFirst().state();
    }

    /** Its end reaches the spawner before the number that would tell whose end it is. */
    @Test
    void anInnerProcessReapedBeforeItsReportIsNotWaitedForAgain() {
        assertThatThrownBy(() -> prepare(REAPED_FIRST)).isInstanceOfSatisfying(LaunchException.class, failed -> {
            assertThat(failed.step()).isEqualTo(Step.KILLED);
            assertThat(failed.errno()).isEqualTo(Errno.ECHILD);
        });
        assertThat(spawner.list()).singleElement().satisfies(listed -> {
            assertThat(listed.pid()).isZero();
            assertThat(listed.waitStatus()).isEqualTo(EXIT_1);
        });
        assertThat(spawner.forget(1)).hasValue(EXIT_1);
        assertThat(spawner.list()).isEmpty();
    }
}
