package dev.redoubt.node.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.MountInfo;
import dev.redoubt.protocol.IoLimits;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which layout is chosen from which mounts; nothing here touches the host's groups. */
final class LayoutTest {
    private static MountInfo mount(String type, String point, String... options) {
        return new MountInfo(1, new Device(0, 30), "/", point, type, type, Set.of(options));
    }

    @Test
    void hybridHostWithControllersInVersionOneIsVersionOne() {
        Cgroups found = Cgroups.of(List.of(
                mount("cgroup2", "/sys/fs/cgroup/unified", "rw"),
                mount("cgroup", "/sys/fs/cgroup/cpu,cpuacct", "rw", "cpu", "cpuacct"),
                mount("cgroup", "/sys/fs/cgroup/memory", "rw", "memory"),
                mount("cgroup", "/sys/fs/cgroup/systemd", "rw", "name=systemd")));
        assertThat(found).isInstanceOf(CgroupsV1.class);
        assertThat(found.gaps().stream().map(Gap::controller))
                .containsExactly(Controller.PIDS, Controller.IO, Controller.FREEZER);
        assertThat(found.gaps().getFirst().reason()).contains("pids");
    }

    @Test
    void readOnlyHierarchyCountsAsMissing() {
        CgroupsV1 found = CgroupsV1.of(List.of(mount("cgroup", "/sys/fs/cgroup/memory", "ro", "memory")));
        assertThat(found.has(Controller.MEMORY)).isFalse();
    }

    @Test
    void versionTwoAlone() {
        assertThat(Cgroups.of(List.of(mount("cgroup2", "/sys/fs/cgroup", "rw"))))
                .isInstanceOf(CgroupsV2.class);
    }

    @Test
    void nothingMountedIsAnErrorThatSaysSo() {
        assertThatThrownBy(() -> Cgroups.of(List.of(mount("proc", "/proc", "rw"))))
                .isInstanceOf(CgroupException.class)
                .hasMessageContaining("mounted");
    }

    @Test
    void readsVersionTwoIoLimits() {
        assertThat(IoMaxFile.parse(
                        "8:0 rbps=1048576 wbps=max riops=max wiops=120\n254:16 rbps=max wbps=5 riops=1 wiops=max\n"))
                .isEqualTo(Map.of(
                        new Device(8, 0),
                        new IoLimits(
                                OptionalLong.of(1_048_576),
                                OptionalLong.empty(),
                                OptionalLong.empty(),
                                OptionalLong.of(120)),
                        new Device(254, 16),
                        new IoLimits(
                                OptionalLong.empty(), OptionalLong.of(5), OptionalLong.of(1), OptionalLong.empty())));
        assertThat(IoMaxFile.parse("")).isEmpty();
    }
}
