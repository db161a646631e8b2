package dev.redoubt.node.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Mounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("vm")
final class DataDirectoryTest {
    @TempDir
    private Path temporary;

    @Test
    void isMadeClosedToOthers() {
        Path path = temporary.resolve("data");
        DataDirectory data = DataDirectory.open(path);
        assertThat(LinuxFiles.status(path.toString()).permissions()).isEqualTo(0700);
        assertThat(LinuxFiles.status(data.node().toString()).permissions()).isEqualTo(0700);
        assertThat(data.node()).isEmptyDirectory();
        assertThat(DataDirectory.open(path).path()).isEqualTo(path);
    }

    @Test
    void openToOthersIsRefused() throws IOException {
        Path path = temporary.resolve("data");
        DataDirectory.open(path);
        for (String mode : List.of("rwxr-x---", "rwx---r--", "rwxrwxrwx")) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
            assertThatThrownBy(() -> DataDirectory.open(path))
                    .isInstanceOf(DirectoryException.class)
                    .hasMessageContaining("chmod 0700 " + path);
        }
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
        DataDirectory.open(path);
    }

    @Test
    void somebodyElsesIsRefused() throws IOException {
        Path path = temporary.resolve("data");
        DataDirectory.open(path);
        Files.setAttribute(path, "unix:uid", 12345);
        assertThatThrownBy(() -> DataDirectory.open(path))
                .isInstanceOf(DirectoryException.class)
                .hasMessageContaining("user 12345")
                .hasMessageContaining("chown");
    }

    @Test
    void fileOrLinkInItsPlaceIsRefused() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "");
        Path link = Files.createSymbolicLink(temporary.resolve("link"), temporary);
        for (Path path : List.of(file, link)) {
            assertThatThrownBy(() -> DataDirectory.open(path))
                    .isInstanceOf(DirectoryException.class)
                    .hasMessageContaining("not a directory");
        }
    }

    @Test
    void missingParentAndRelativePathSayWhatToDo() {
        assertThatThrownBy(() -> DataDirectory.open(temporary.resolve("a/b")))
                .isInstanceOf(DirectoryException.class)
                .hasMessageContaining("parent");
        assertThatThrownBy(() -> DataDirectory.open(Path.of("data")))
                .isInstanceOf(DirectoryException.class)
                .hasMessageContaining("absolute");
    }

    @Test
    void readOnlyFileSystemSaysWhatToDo() {
        try (Fd mount = tmpfs(Map.of("size", "1m"))) {
            DataDirectory.open(mount.path().resolve("data"));
            Mounts.setAttributes(mount, Mounts.READ_ONLY);
            assertThatThrownBy(() -> DataDirectory.open(mount.path().resolve("data")))
                    .isInstanceOf(DirectoryException.class)
                    .hasMessageContaining("read-write");
        }
    }

    @Test
    void fullFileSystemSaysWhatToDo() throws IOException {
        try (Fd mount = tmpfs(Map.of("size", "1m", "nr_inodes", "4"))) {
            DataDirectory.open(mount.path().resolve("data"));
            Files.writeString(mount.path().resolve("last"), ""); // root, data, node and this: no inode is left
            assertThatThrownBy(() -> DataDirectory.open(mount.path().resolve("data")))
                    .isInstanceOf(DirectoryException.class)
                    .hasMessageContaining("free some space");
        }
    }

    @Test
    void variableChoosesThePlace() {
        assertThat(DataDirectory.configured(Map.of())).isEqualTo(Path.of("/var/lib/redoubt"));
        assertThat(DataDirectory.configured(Map.of("REDOUBT_DATA_DIR", ""))).isEqualTo(Path.of("/var/lib/redoubt"));
        assertThat(DataDirectory.configured(Map.of("REDOUBT_DATA_DIR", "/x"))).isEqualTo(Path.of("/x"));
    }

    private static Fd tmpfs(Map<String, String> options) {
        SequencedMap<String, String> all = new LinkedHashMap<>(Map.of("source", "test"));
        all.putAll(options);
        return Mounts.detached("tmpfs", all, 0);
    }
}
