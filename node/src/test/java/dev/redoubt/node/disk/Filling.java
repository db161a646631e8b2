package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Mounts;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** What a guest does that wants more than it was given. */
final class Filling {
    static final long MIB = 1 << 20;
    private static final String FULL = "No space left on device|Disk quota exceeded";

    private Filling() {}

    /** @return bytes written before the kernel said that it is full */
    static long bytes(Path file, long most) throws IOException {
        byte[] block = new byte[4096];
        Arrays.fill(block, (byte) 'x');
        long written = 0;
        try (OutputStream out = Files.newOutputStream(file)) {
            while (written < most) {
                out.write(block);
                written += block.length;
            }
        } catch (IOException full) {
            assertThat(full.getMessage()).containsPattern(FULL);
        }
        return written;
    }

    /** @return empty files made before the kernel said that it is full */
    static long inodes(Path directory, long most) throws IOException {
        long made = 0;
        try {
            while (made < most) {
                Files.createFile(directory.resolve("f" + made));
                made++;
            }
        } catch (IOException full) {
            assertThat(full.getMessage()).containsPattern(FULL);
        }
        return made;
    }

    /**
     * An overlay as a sandbox has it: its upper on the disk, itself mounted nowhere. Linux 6.12 takes only attached mounts
     * as layers, so the disk has a place until the overlay has its own hold of it.
     */
    static Fd overlay(Fd mount) throws IOException {
        Path place = Files.createTempDirectory("redoubt-upper");
        try (Fd directory = LinuxFiles.open(place.toString(), LinuxFiles.O_PATH)) {
            Mounts.attach(mount, directory);
            return overlay(place);
        } finally {
            Mounts.unmount(place.toString());
            Files.delete(place);
        }
    }

    private static Fd overlay(Path disk) {
        SequencedMap<String, String> options = new LinkedHashMap<>();
        options.put("lowerdir", "/etc/security");
        options.put("upperdir", disk.resolve("u").toString());
        options.put("workdir", disk.resolve("w").toString());
        options.put("userxattr", "");
        return Mounts.detached("overlay", options, Mounts.NO_SUID);
    }
}
