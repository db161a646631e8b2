package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class MountInfoTest {
    @Test
    void readsTheManualsExampleAndOptionalFields() {
        List<MountInfo> mounts = MountInfo.parse("""
                36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
                40 35 0:30 / /with\\040space\\134 ro - cgroup cgroup rw,cpu,cpuacct
                41 35 0:31 / /many rw shared:1 master:2 propagate_from:3 - tmpfs none rw
                """);
        assertThat(mounts).hasSize(3);
        MountInfo first = mounts.getFirst();
        assertThat(first.device()).isEqualTo(new Device(98, 0));
        assertThat(first.root()).isEqualTo("/mnt1");
        assertThat(first.point()).isEqualTo("/mnt2");
        assertThat(first.type()).isEqualTo("ext3");
        assertThat(first.source()).isEqualTo("/dev/root");
        assertThat(first.options()).contains("noatime", "errors=continue");
        assertThat(mounts.get(1).point()).isEqualTo("/with space\\");
        assertThat(mounts.get(1).options()).contains("ro", "cpuacct");
        assertThat(mounts.get(2).type()).isEqualTo("tmpfs");
    }

    @Test
    void thisProcessSeesItsRoot() {
        assertThat(MountInfo.ofThisProcess()).anyMatch(mount -> mount.point().equals("/"));
    }
}
