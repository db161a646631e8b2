package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileStatus;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountInfo;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every mechanism must do, on each that this host has. */
@Tag("vm")
final class DisksTest {
    private static final long MANY = 100_000;

    @TempDir
    private Path temporary;

    private DataDirectory data;

    @BeforeEach
    void open() {
        data = DataDirectory.open(temporary.resolve("data"));
    }

    @AfterEach
    void nothingStays() throws IOException {
        assertThat(MountInfo.ofThisProcess()).noneMatch(mount -> mount.point().startsWith(temporary.toString()));
        assertThat(LoopDevices.over(temporary)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PROJECT_QUOTA")
    void diskHasTheTwoDirectoriesOfAnOverlay(Mechanism mechanism) {
        try (Disks disks = Disks.open(data, mechanism)) {
            assertThat(disks.mechanism()).isEqualTo(mechanism);
            Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
            for (String name : List.of("u", "w")) {
                FileStatus status = LinuxFiles.status(disk.directory().path() + "/" + name);
                assertThat(status.isDirectory()).isTrue();
                assertThat(status.permissions()).isEqualTo(0755);
                assertThat(status.uid()).isZero();
            }
            disk.release();
            assertThat(disks.names()).isEmpty();
            assertThat(disks.existing("a-1")).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PROJECT_QUOTA")
    void fillingThroughAnOverlayStopsAtTheLimit(Mechanism mechanism) throws IOException {
        try (Disks disks = Disks.open(data, mechanism)) {
            Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
            try (Fd mount = disk.mount();
                    Fd overlay = Filling.overlay(mount)) {
                Path file = overlay.path().resolve("big");
                assertThat(Filling.bytes(file, 64 * Filling.MIB))
                        .isLessThanOrEqualTo(16 * Filling.MIB)
                        .isGreaterThan(8 * Filling.MIB);
                assertThat(disk.used()).isBetween(Size.ofMib(8), Size.ofMib(16));
                Files.delete(file); // being full must not stop anybody from making room
            }
            disk.release();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PROJECT_QUOTA")
    void theSameFitsInABiggerDisk(Mechanism mechanism) throws IOException {
        try (Disks disks = Disks.open(data, mechanism)) {
            Disk disk = disks.acquire("a-1", Size.ofMib(100), MANY);
            try (Fd mount = disk.mount();
                    Fd overlay = Filling.overlay(mount)) {
                assertThat(Filling.bytes(overlay.path().resolve("big"), 64 * Filling.MIB))
                        .isEqualTo(64 * Filling.MIB);
            }
            disk.release();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PROJECT_QUOTA")
    void emptyFilesStopToo(Mechanism mechanism) throws IOException {
        try (Disks disks = Disks.open(data, mechanism)) {
            Disk disk = disks.acquire("a-1", Size.ofMib(4), 500);
            assertThat(Filling.inodes(disk.directory().path().resolve("u"), 40_000))
                    .isBetween(100L, 20_000L);
            assertThat(disk.used()).isLessThanOrEqualTo(Size.ofMib(4));
            disk.release();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PROJECT_QUOTA")
    void namesThatArePathsAreRefused(Mechanism mechanism) {
        try (Disks disks = Disks.open(data, mechanism)) {
            for (String name : List.of("", ".", "..", "a/b", "/a", "A")) {
                assertThatThrownBy(() -> disks.acquire(name, Size.ofMib(16), MANY))
                        .isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> disks.destroy(name)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BTRFS", "IMAGE"})
    void anotherProcessFindsTheDiskAgain(Mechanism mechanism) throws IOException {
        try (Disks disks = Disks.open(data, mechanism)) {
            Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
            Files.writeString(disk.directory().path().resolve("u/file"), "text");
            disk.close();
        }
        try (Disks disks = Disks.open(data, mechanism)) {
            assertThat(disks.names()).containsExactly("a-1");
            Disk again = disks.existing("a-1").orElseThrow();
            assertThat(Files.readString(again.directory().path().resolve("u/file")))
                    .isEqualTo("text");
            again.close();
            disks.destroy("a-1");
            disks.destroy("a-1");
            assertThat(disks.names()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BTRFS", "IMAGE"})
    void aNameIsTakenOnce(Mechanism mechanism) {
        try (Disks disks = Disks.open(data, mechanism)) {
            Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
            assertThatThrownBy(() -> disks.acquire("a-1", Size.ofMib(16), MANY)).isInstanceOf(DiskException.class);
            assertThat(disks.names()).containsExactly("a-1");
            assertThat(LinuxFiles.status(disk.directory()).isDirectory()).isTrue();
            disk.release();
        }
    }

    @Test
    void theStrongestIsTaken() {
        try (Disks disks = Disks.open(data)) {
            assertThat(disks.mechanism()).isIn(Mechanism.PROJECT_QUOTA, Mechanism.BTRFS);
        }
    }
}
