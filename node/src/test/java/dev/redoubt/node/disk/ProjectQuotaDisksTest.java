package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Loop;
import dev.redoubt.linux.Mounts;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A host file system with project quotas, made for the test where the kernel knows them. To be run without CAP_SYS_RESOURCE,
 * which writes past quotas (quotactl(2)).
 */
final class ProjectQuotaDisksTest {
    @TempDir
    private Path temporary;

    private Fd host() {
        String image = temporary.resolve("host.ext4").toString();
        int flags = LinuxFiles.O_RDWR | LinuxFiles.O_CREAT;
        try (Fd file = LinuxFiles.open(image, flags, 0600)) {
            LinuxFiles.truncate(file, Size.ofGib(2).bytes());
            HostTool.run(
                    Mechanism.PROJECT_QUOTA,
                    List.of("mkfs.ext4", "-q", "-F", "-O", "quota,project", "-E", "quotatype=prjquota"),
                    image);
            try (Loop loop = Loop.attach(file, "host.ext4")) {
                return Mounts.detached("ext4", new LinkedHashMap<>(Map.of("source", loop.path(), "prjquota", "")), 0);
            }
        } catch (LinuxException refused) {
            return abort("this kernel has no project quotas on ext4: " + refused.getMessage());
        }
    }

    @Test
    void fillingStopsAtTheLimit() throws IOException {
        try (Fd mount = host()) {
            Path seenByOthers = Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + mount.number());
            DataDirectory data = DataDirectory.open(seenByOthers.resolve("data"));
            try (Disks disks = Disks.open(data, Mechanism.PROJECT_QUOTA)) {
                Disk disk = disks.acquire("a-1", Size.ofMib(16), 500);
                Path upper = disk.directory().path().resolve("u");
                assertThat(Filling.bytes(upper.resolve("big"), 64 * Filling.MIB))
                        .isLessThanOrEqualTo(16 * Filling.MIB);
                Disk inodes = disks.acquire("a-2", Size.ofMib(16), 500);
                assertThat(Filling.inodes(inodes.directory().path().resolve("u"), 40_000))
                        .isBetween(400L, 500L);
                Disk control = disks.acquire("a-3", Size.ofMib(80), 500);
                Path other = control.directory().path().resolve("u/big");
                assertThat(Filling.bytes(other, 64 * Filling.MIB)).isEqualTo(64 * Filling.MIB);
                for (Disk each : List.of(disk, inodes, control)) {
                    each.release();
                }
                assertThat(disks.names()).isEmpty();
            }
        }
    }

    @Test
    void hostWithoutThemSaysWhatIsMissing() {
        try (Fd mount = Mounts.detached("tmpfs", new LinkedHashMap<>(Map.of("source", "test")), 0)) {
            DataDirectory data = DataDirectory.open(mount.path().resolve("data"));
            assertThatThrownBy(() -> Disks.open(data, Mechanism.PROJECT_QUOTA))
                    .isInstanceOf(MechanismMissingException.class)
                    .hasMessageContaining("PROJECT_QUOTA");
        }
    }
}
