package dev.redoubt.node.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.Fd;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The real control groups of this host, whichever version it has. */
@Tag("vm")
final class SandboxCgroupTest {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final String SPIN = "while :; do :; done";
    private static final int KILLED = 128 + 9;

    private final Cgroups cgroups = Cgroups.detect();
    private SandboxCgroup group;

    @BeforeEach
    void create() {
        group = cgroups.create("test" + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet());
    }

    @AfterEach
    void remove() {
        group.kill();
        group.remove();
        assertThat(cgroups.names()).doesNotContain(group.name());
    }

    @AfterAll
    static void removeDirectory() {
        Cgroups.detect().removeWhenEmpty();
    }

    @Test
    void thisHostHasEveryWall() {
        assertThat(cgroups.gaps()).isEmpty();
    }

    @Test
    void kernelHoldsWhatWasAsked() {
        Limits first = Limits.DEFAULT.withCpus(Cpus.parse("1.5")).withPids(77);
        group.apply(first, List.of());
        assertThat(group.readBack().equalsAsked(first)).isTrue();

        Limits more =
                first.withMemory(Size.ofGib(2)).withCpus(Cpus.parse("0.01")).withPids(4000);
        assertThat(group.readBack().equalsAsked(more))
                .as("control: the check sees a difference")
                .isFalse();
        group.apply(more, List.of());
        assertThat(group.readBack().equalsAsked(more)).isTrue();

        Limits less = more.withMemory(Size.ofMib(8));
        group.apply(less, List.of());
        assertThat(group.readBack().equalsAsked(less)).isTrue();
    }

    @Test
    void kernelHoldsIoLimitsAndGivesThemUp() {
        List<Device> disks = BlockDevices.below(Path.of("/")).stream().toList();
        assertThat(disks).isNotEmpty();
        Limits slow = Limits.DEFAULT.withIo(new IoLimits(
                OptionalLong.of(1 << 20), OptionalLong.of(2 << 20), OptionalLong.empty(), OptionalLong.of(50)));
        group.apply(slow, disks);
        assertThat(group.readBack().io()).containsExactly(Map.entry(disks.getFirst(), slow.io()));
        assertThat(group.readBack().equalsAsked(slow)).isTrue();

        group.apply(Limits.DEFAULT, disks);
        assertThat(group.readBack().io()).isEmpty();
        assertThat(group.readBack().equalsAsked(slow)).isFalse();
    }

    @Test
    void freshGroupHoldsNothing() {
        HeldLimits held = group.readBack();
        assertThat(held.memory()).isEmpty();
        assertThat(held.memoryAndSwap()).isEmpty();
        assertThat(held.cpus()).isEmpty();
        assertThat(held.pids()).isEmpty();
    }

    @Test
    void memoryBombIsKilledAndCounted() {
        String bomb = "exec dd if=/dev/zero of=/dev/null bs=100M count=1";
        group.apply(Limits.DEFAULT.withMemory(Size.ofMib(200)), List.of());
        try (Member control = Member.start(group, bomb)) {
            assertThat(control.exitCode()).as("control: fits in a bigger limit").isZero();
        }
        assertThat(group.oomKills()).isZero();
        assertThat(group.usage().memoryPeak()).isGreaterThan(Size.ofMib(100));

        group.apply(Limits.DEFAULT.withMemory(Size.ofMib(64)), List.of());
        try (Member killed = Member.start(group, bomb)) {
            assertThat(killed.exitCode()).isEqualTo(KILLED);
        }
        assertThat(group.oomKills()).isEqualTo(1);
        assertThat(group.usage().oomKills()).isEqualTo(1);
        assertThat(group.usage().memory()).isLessThanOrEqualTo(Size.ofMib(64));
    }

    @Test
    void swapIsNoWayAroundTheMemoryLimit() {
        group.apply(Limits.DEFAULT, List.of());
        assertThat(group.readBack().memoryAndSwap())
                .isEqualTo(group.readBack().memory())
                .contains(Size.ofMib(512));
    }

    @Test
    void forkBombStopsExactlyAtTheLimit() {
        group.apply(Limits.DEFAULT.withPids(20), List.of());
        try (Member bomb = Member.start(group, "f() { f & f & sleep 60; }; f")) {
            await(() -> group.usage().pids() == 20);
            for (int look = 0; look < 1000; look++) { // those refused a child end, and others take their place
                assertThat(group.usage().pids()).isLessThanOrEqualTo(20);
            }
            group.kill();
            assertThat(bomb.exitCode())
                    .as("killed, or ended by a fork that was refused")
                    .isNotZero();
        }
    }

    @Test
    void processesBeyondTheOldLimitFitInABiggerOne() {
        group.apply(Limits.DEFAULT.withPids(100), List.of());
        try (Member many = Member.start(
                group,
                "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do sleep 60 & done; wait")) {
            await(() -> group.usage().pids() == 31);
            assertThat(many.process().isAlive()).isTrue();
            group.kill();
        }
    }

    @Test
    void processorTimeStaysUnderTheQuota() {
        group.apply(Limits.DEFAULT.withCpus(Cpus.parse("0.1")), List.of());
        try (Member one = Member.start(group, SPIN);
                Member two = Member.start(group, SPIN)) {
            await(() -> group.usage().cpu().toMillis() > 20);
            assertThat(share(Duration.ofSeconds(3))).isLessThan(0.1 * 1.05);
            group.apply(Limits.DEFAULT.withCpus(Cpus.parse("2")), List.of());
            await(() -> share(Duration.ofMillis(500)) > 0.2); // control: without the quota they take more
            assertThat(one.process().isAlive() && two.process().isAlive()).isTrue();
            group.kill();
        }
    }

    /** Processors' worth used over a time. */
    private double share(Duration time) {
        long start = System.nanoTime();
        long before = group.usage().cpu().toNanos();
        await(() -> System.nanoTime() - start >= time.toNanos());
        return (double) (group.usage().cpu().toNanos() - before) / (System.nanoTime() - start);
    }

    @Test
    void frozenProcessesDoNothingUntilThawed() {
        group.apply(Limits.DEFAULT.withCpus(Cpus.parse("0.5")), List.of());
        try (Member spinner = Member.start(group, SPIN)) {
            await(() -> group.usage().cpu().toMillis() > 20);
            group.freeze();
            Duration stopped = group.usage().cpu();
            long start = System.nanoTime();
            await(() -> System.nanoTime() - start > 200_000_000);
            assertThat(group.usage().cpu()).isEqualTo(stopped);
            group.thaw();
            await(() -> group.usage().cpu().compareTo(stopped.plusMillis(20)) > 0);
            assertThat(spinner.process().isAlive()).isTrue();
            group.kill();
        }
    }

    @Test
    void killEndsFrozenProcessesToo() {
        try (Member first = Member.start(group, "sleep 60 & sleep 60")) {
            await(() -> group.usage().pids() == 3);
            group.freeze();
            group.kill();
            assertThat(first.exitCode()).isEqualTo(KILLED);
            group.remove(); // works on an empty group only
        }
    }

    @Test
    void killTouchesNobodyElse() {
        SandboxCgroup other = cgroups.create(group.name() + "-other");
        try (Member mine = Member.start(group, "exec sleep 60");
                Member theirs = Member.start(other, "exec sleep 60")) {
            group.kill();
            assertThat(mine.exitCode()).isEqualTo(KILLED);
            assertThat(theirs.process().isAlive()).isTrue();
        } finally {
            other.kill();
            other.remove();
        }
    }

    @Test
    void groupWithAProcessIsNotRemoved() {
        try (Member member = Member.start(group, "exec sleep 60")) {
            assertThatThrownBy(group::remove)
                    .isInstanceOf(CgroupException.class)
                    .hasMessageContaining("processes");
            assertThat(member.process().isAlive()).isTrue();
        }
    }

    @Test
    void removingTwiceIsFine() {
        SandboxCgroup gone = cgroups.create(group.name() + "-gone");
        gone.remove();
        gone.remove();
        gone.kill();
        cgroups.existing(gone.name()).kill();
        cgroups.existing(gone.name()).remove();
        assertThat(cgroups.names()).doesNotContain(gone.name()).contains(group.name());
    }

    @Test
    void aNameIsTakenOnceAndStaysWithItsOwner() {
        assertThatThrownBy(() -> cgroups.create(group.name())).isInstanceOf(CgroupException.class);
        assertThat(cgroups.names()).contains(group.name());
        group.apply(Limits.DEFAULT, List.of());
    }

    @Test
    void namesThatArePathsAreRefused() {
        for (String name : List.of("", "..", "a/b", "/", "A", "a b", "x".repeat(201))) {
            assertThatThrownBy(() -> cgroups.create(name)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> cgroups.existing(name)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void joinDescriptorsAreOpen() {
        List<Fd> descriptors = group.joinDescriptors();
        try {
            assertThat(descriptors).isNotEmpty().allMatch(fd -> fd.number() > 2);
        } finally {
            descriptors.forEach(Fd::close);
        }
    }

    private static void await(BooleanSupplier condition) {
        Waiting.until("the test's condition", condition);
    }
}
