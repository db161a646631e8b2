package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Fd;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real btrfs image on a real loop device. */
final class BtrfsDisksTest {
    private static final long MANY = 100_000;

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
    void close() throws IOException {
        disks.close();
        assertThat(LoopDevices.over(temporary)).as("no loop device stays").isEmpty();
    }

    @Test
    void fillingStopsWithinAMegabyteBelowTheLimitAndNeverAbove() throws IOException {
        Disk disk = disks.acquire("a-1", Size.ofMib(32), MANY);
        long written = Filling.bytes(disk.directory().path().resolve("u/big"), 64 * Filling.MIB);
        assertThat(written).isBetween(31 * Filling.MIB, 32 * Filling.MIB);
        assertThat(disk.used()).isLessThanOrEqualTo(Size.ofMib(32));
        disk.release();
    }

    @Test
    void writingOverAFileAgainAndAgainTakesNoMoreRoom() throws IOException {
        Disk disk = disks.acquire("a-1", Size.ofMib(16), MANY);
        Path file = disk.directory().path().resolve("u/database");
        assertThat(Filling.bytes(file, 12 * Filling.MIB)).isEqualTo(12 * Filling.MIB);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
            for (int i = 0; i < 3 * 12 * 16; i++) {
                channel.write(ByteBuffer.allocate(65_536), i % (12 * 16) * 65_536L);
            }
            channel.force(true);
        }
        assertThat(disk.used()).isBetween(Size.ofMib(12), Size.ofMib(13));
        disk.release();
    }

    @Test
    void limitsOfTwoDisksAreApart() throws IOException {
        Disk full = disks.acquire("a-1", Size.ofMib(4), MANY);
        Disk other = disks.acquire("a-2", Size.ofMib(4), MANY);
        Filling.bytes(full.directory().path().resolve("u/big"), 64 * Filling.MIB);
        Files.writeString(other.directory().path().resolve("u/file"), "text");
        assertThat(other.used()).isLessThan(Size.ofMib(1));
        full.release();
        other.release();
    }

    @Test
    void theSmallestDiskIsOfUse() throws IOException {
        Disk disk = disks.acquire("a-1", Size.ofMib(1), MANY);
        assertThat(Filling.bytes(disk.directory().path().resolve("u/file"), 64 * 1024))
                .isEqualTo(64 * 1024);
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
    void shortRunsDoNotPileUpRemovedDisks() {
        disks.close();
        for (int run = 0; run < 30; run++) {
            disks = BtrfsDisks.open(data);
            disks.acquire("run-" + run, Size.ofMib(16), MANY).release();
            disks.close();
        }
        disks = BtrfsDisks.open(data);
        assertThat(disks.groups()).isLessThan(25);
    }

    @Test
    void anUnfinishedImageIsMadeAnew() throws IOException {
        disks.close();
        File image = data.node().resolve("disk.img").toFile();
        assertThat(image.delete()).isTrue();
        Files.writeString(data.node().resolve("disk.img.new"), "half");
        disks = BtrfsDisks.open(data);
        disks.acquire("a-1", Size.ofMib(16), MANY).release();
        assertThat(image).exists();
        assertThat(data.node().resolve("disk.img.new")).doesNotExist();
    }
}
