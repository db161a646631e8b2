package dev.redoubt.node.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.MountInfo;
import dev.redoubt.protocol.Limits;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Version 2 on whatever version 2 tree this host has mounted, be it one without controllers beside version 1: what every
 * group has works there, what is missing says so.
 */
final class CgroupsV2Test {
    private static final int KILLED = 128 + 9;

    private CgroupsV2 cgroups;
    private SandboxCgroup group;

    @BeforeEach
    void create() {
        List<MountInfo> mounts = MountInfo.ofThisProcess();
        assumeThat(mounts).anyMatch(mount -> mount.type().equals("cgroup2"));
        cgroups = CgroupsV2.of(mounts);
        group = cgroups.create("v2test" + ProcessHandle.current().pid());
    }

    @AfterEach
    void remove() {
        if (group != null) {
            group.kill();
            group.remove();
            group.remove();
            assertThat(cgroups.names()).doesNotContain(group.name());
            cgroups.removeWhenEmpty();
        }
    }

    @Test
    void limitsAreHeldOrRefusedByName() {
        if (cgroups.gaps().isEmpty()) {
            group.apply(Limits.DEFAULT, List.of());
            assertThat(group.readBack().equalsAsked(Limits.DEFAULT)).isTrue();
        } else {
            Gap first = cgroups.gaps().getFirst();
            assertThat(first.reason()).contains(first.controller().v2()).contains("cgroup.subtree_control");
            assertThatThrownBy(() -> group.apply(Limits.DEFAULT, List.of()))
                    .isInstanceOfSatisfying(
                            CgroupException.class,
                            refused -> assertThat(refused.missing()).contains(first.controller()));
        }
    }

    @Test
    void freezingThawingAndKilling() {
        try (Member member = Member.start(group, "sleep 60 & sleep 60")) {
            group.freeze();
            group.thaw();
            group.freeze();
            group.kill();
            assertThat(member.exitCode()).isEqualTo(KILLED);
        }
    }

    @Test
    void groupIsFoundByItsName() {
        try (Member member = Member.start(cgroups.existing(group.name()), "exec sleep 60")) {
            assertThat(cgroups.names()).contains(group.name());
            assertThatThrownBy(group::remove).isInstanceOf(CgroupException.class);
            cgroups.existing(group.name()).kill();
            assertThat(member.exitCode()).isEqualTo(KILLED);
        }
    }

    @Test
    void directoryCanBeGivenToClone() {
        List<Fd> descriptors = group.joinDescriptors();
        assertThat(descriptors).hasSize(1);
        descriptors.forEach(Fd::close);
    }

    @Test
    void parentThatAnotherProcessRemovedIsMadeAgain() {
        group.remove();
        for (int round = 0; round < 20; round++) {
            cgroups.removeWhenEmpty();
            group = cgroups.create(group.name());
            group.remove();
        }
    }
}
