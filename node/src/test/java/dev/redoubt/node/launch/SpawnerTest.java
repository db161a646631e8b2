package dev.redoubt.node.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Descriptors;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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
        return spawner.prepare(1, ID_BASE, false, flags, NOTHING, new int[] {group.number()});
    }

    private static void close(Spawner.Slot slot) {
        slot.launcher().close();
        List.of(slot.networkNamespace(), slot.channel(), slot.pidfd()).forEach(Descriptors::close);
    }

    @Test
    void aSlotThatWaitsIsKilledByItsForgetting() {
        Spawner.Slot slot = prepare(0);
        assertThat(ProcessHandle.of(slot.pid())).isPresent();
        assertThat(spawner.forget(1)).hasValue(SIGKILL);
        assertThat(ProcessHandle.of(slot.pid())).isEmpty();
        close(slot);
    }

    @Test
    void aSlotThatItsNodeLetsGoOfEnds() {
        Spawner.Slot slot = prepare(0);
        assertThat(stateOfTheOnlyOne()).isEqualTo(Spawner.State.SLOT);
        close(slot);
        while (stateOfTheOnlyOne() != Spawner.State.DEAD) {
            Thread.onSpinWait(); // the time limit of the class ends it
        }
        assertThat(ProcessHandle.of(slot.pid())).isEmpty();
        assertThat(spawner.forget(1)).isPresent();
        assertThat(spawner.list()).isEmpty();
    }

    @Test
    void aLaunchInADeadSlotSaysSo() {
        Spawner.Slot slot = prepare(0);
        spawner.forget(1);
        LaunchSpec.Encoded anything = new LaunchSpec(
                        0,
                        1,
                        1,
                        0,
                        0,
                        0,
                        1,
                        new LaunchSpec.Upper.Memory(0, 0),
                        "name",
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        new LaunchSpec.Landlock(0, 0, 0, List.of()),
                        new LaunchSpec.Filter(new byte[0]),
                        List.of())
                .encoded(0);
        assertThatThrownBy(() -> slot.launcher().launch(anything, List.of(), new int[0]))
                .isInstanceOfSatisfying(
                        LaunchException.class,
                        failed -> assertThat(failed.step()).isEqualTo(Step.KILLED));
        close(slot);
    }

    @Test
    void anyNumberOfThreadsMayListAtOnce() {
        List<List<Spawner.Listed>> lists = IntStream.range(0, 1000)
                .parallel()
                .mapToObj(_ -> spawner.list())
                .toList();
        assertThat(lists).hasSize(1000).allSatisfy(all -> assertThat(all).isEmpty());
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
