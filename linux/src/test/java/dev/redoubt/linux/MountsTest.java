package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mounts that nobody else sees, and one that is seen for a moment below a directory of the test. */
final class MountsTest {
    @TempDir
    private Path temporary;

    private static Fd tmpfs(int attributes) {
        return Mounts.detached("tmpfs", new LinkedHashMap<>(Map.of("source", "test", "size", "1m")), attributes);
    }

    @Test
    void detachedMountIsSeenByItsHolderOnly() throws IOException {
        try (Fd mount = tmpfs(Mounts.NO_SUID)) {
            Files.writeString(mount.path().resolve("file"), "text");
            assertThat(Files.readString(mount.path().resolve("file"))).isEqualTo("text");
            assertThat(MountInfo.ofThisProcess())
                    .noneMatch(each -> each.source().equals("test"));
        }
    }

    @Test
    void readOnlyIsReadOnly() {
        try (Fd mount = tmpfs(0)) {
            LinuxFiles.makeDirectoryAt(mount, "control", 0700);
            Mounts.setAttributes(mount, Mounts.READ_ONLY);
            assertThatThrownBy(() -> LinuxFiles.makeDirectoryAt(mount, "denied", 0700))
                    .isInstanceOfSatisfying(
                            LinuxException.class,
                            refused -> assertThat(refused.errno()).isEqualTo(Errno.EROFS));
        }
    }

    @Test
    void wrongOptionSaysWhatTheFileSystemSaid() {
        assertThatThrownBy(() -> Mounts.detached("tmpfs", new LinkedHashMap<>(Map.of("size", "many")), 0))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("tmpfs size");
        assertThatThrownBy(() -> Mounts.detached("nosuchfs", new LinkedHashMap<>(), 0))
                .isInstanceOfSatisfying(
                        LinuxException.class,
                        refused -> assertThat(refused.errno()).isEqualTo(Errno.ENODEV));
    }

    @Test
    void attachedMountShowsTheSameAndGoes() throws IOException {
        Path point = Files.createDirectory(temporary.resolve("point"));
        try (Fd mount = tmpfs(0);
                Fd directory = LinuxFiles.open(point.toString(), LinuxFiles.O_PATH)) {
            Files.writeString(mount.path().resolve("file"), "text");
            Mounts.attach(mount, directory);
            assertThat(point.resolve("file")).hasContent("text");
            Mounts.unmount(point.toString());
            assertThat(point.resolve("file")).doesNotExist();
        }
    }
}
