package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileStatus;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Loop;
import dev.redoubt.linux.MountInfo;
import dev.redoubt.linux.Mounts;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real btrfs image on a real loop device. */
final class BtrfsDisksTest {
    private static final long MIB = 1 << 20;
    private static final long MANY = 1_000_000;

    @TempDir
    private Path temporary;

    private DataDirectory data;
    private BtrfsDisks disks;

    @BeforeEach
    void open() {
        data = DataDirectory.open(temporary.resolve("data"));
        disks = BtrfsDisks.open(data);
    }

    @AfterEach
    void close() {
        disks.close();
        try (Fd image = LinuxFiles.open(data.node() + "/disk.img", LinuxFiles.O_RDONLY)) {
            assertThat(Loop.find(image, "disk.img")).as("no loop device stays").isEmpty();
        }
        assertThat(MountInfo.ofThisProcess()).noneMatch(mount -> mount.point().startsWith(temporary.toString()));
    }

    @Test
    void diskHasTheTwoDirectoriesOfAnOverlay() {
        Disk disk = disks.acquire("a-1", Size.ofMib(64), MANY);
        for (String name : List.of("u", "w")) {
            FileStatus status = LinuxFiles.status(disk.directory().path() + "/" + name);
            assertThat(status.isDirectory()).isTrue();
            assertThat(status.permissions()).isEqualTo(0755);
            assertThat(status.uid()).isZero();
        }
        disk.release();
        assertThat(disks.names()).isEmpty();
    }

    @Test
    void fillingStopsAtTheLimit() throws IOException {
        Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
        long written = fill(disk.directory().path().resolve("u/big"), 64 * MIB);
        assertThat(written).isLessThanOrEqualTo(16 * MIB).isGreaterThan(15 * MIB);
        assertThat(disk.used()).isLessThanOrEqualTo(Size.ofMib(16));

        Disk control = disks.acquire("a-2", Size.ofMib(80), MANY);
        assertThat(fill(control.directory().path().resolve("u/big"), 64 * MIB)).isEqualTo(64 * MIB);
        disk.release();
        control.release();
    }

    @Test
    void fillingThroughAnOverlayStopsAtTheLimit() throws IOException {
        Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
        try (Fd mount = disk.mount();
                Fd overlay = overlay(mount)) {
            assertThat(fill(overlay.path().resolve("big"), 64 * MIB)).isLessThanOrEqualTo(16 * MIB).isGreaterThan(15 * MIB);
            assertThat(disk.used()).isLessThanOrEqualTo(Size.ofMib(16));
            Files.delete(overlay.path().resolve("big"));
        }
        disk.release();
    }

    @Test
    void mountOfOlderKernelsShowsTheSame() throws IOException {
        BtrfsDisk disk = (BtrfsDisk) disks.acquire("a-1", Size.ofMib(16), MANY);
        Files.writeString(disk.directory().path().resolve("u/file"), "text");
        try (Fd clone = disk.mount();
                Fd again = disk.mountAgain()) {
            assertThat(Files.readString(clone.path().resolve("u/file"))).isEqualTo("text");
            assertThat(Files.readString(again.path().resolve("u/file"))).isEqualTo("text");
            assertThat(Files.exists(again.path().resolve("a-1"))).isFalse();
        }
        disk.release();
    }

    @Test
    void emptyFilesStopAtTheLimitToo() throws IOException {
        Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
        long made = makeEmptyFiles(disk.directory().path().resolve("u"), 400_000);
        System.err.println("inodes in 16 MiB: " + made);
        assertThat(made).isLessThan(400_000);
        assertThat(disk.used()).isLessThanOrEqualTo(Size.ofMib(16));
        disk.release();
    }

    @Test
    void aNameIsTakenOnce() {
        Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
        assertThatThrownBy(() -> disks.acquire("a-1", Size.ofMib(16), MANY)).isInstanceOf(DiskException.class);
        assertThat(disks.names()).containsExactly("a-1");
        assertThat(LinuxFiles.status(disk.directory()).isDirectory()).isTrue();
        disk.release();
        disk.release();
    }

    private static Fd overlay(Fd mount) {
        SequencedMap<String, String> options = new LinkedHashMap<>();
        options.put("lowerdir", "/etc/security");
        options.put("upperdir", mount.path() + "/u");
        options.put("workdir", mount.path() + "/w");
        options.put("userxattr", "");
        return Mounts.detached("overlay", options, Mounts.NO_SUID);
    }

    private static long fill(Path file, long most) throws IOException {
        byte[] block = new byte[4096];
        java.util.Arrays.fill(block, (byte) 'x');
        long written = 0;
        try (OutputStream out = Files.newOutputStream(file)) {
            while (written < most) {
                out.write(block);
                written += block.length;
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("quota");
        }
        return written;
    }

    private static long makeEmptyFiles(Path directory, long most) throws IOException {
        long made = 0;
        try {
            while (made < most) {
                Files.createFile(directory.resolve("f" + made));
                made++;
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("quota");
        }
        return made;
    }
}
