package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.Mounts;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A host file system with little room, as a tmpfs attached nowhere. */
@Tag("vm")
final class StorageFullTest {
    private static Fd host(String size) {
        return Mounts.detached("tmpfs", new LinkedHashMap<>(Map.of("source", "test", "size", size)), 0);
    }

    /** As another process sees it: mkfs runs in one. */
    private static Path seenByOthers(Fd host) {
        return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + host.number());
    }

    @ParameterizedTest
    @EnumSource(names = {"BTRFS", "IMAGE"})
    void noRoomIsATypedErrorAndLeavesNothing(Mechanism mechanism) throws IOException {
        try (Fd host = host("400m")) {
            DataDirectory data = DataDirectory.open(seenByOthers(host).resolve("data"));
            assertThatThrownBy(() -> Disks.open(data, mechanism))
                    .isInstanceOf(StorageFullException.class)
                    .hasMessageContaining("free some space");
            try (var files = Files.walk(data.node()).filter(Files::isRegularFile)) {
                assertThat(files)
                        .noneMatch(file -> file.toString().contains("img")
                                || file.toString().contains("ext4"));
            }
        }
    }

    @Test
    void noNewDiskStartsWhenTheHostHasBecomeFull() throws IOException {
        try (Fd host = host("2g")) {
            DataDirectory data = DataDirectory.open(seenByOthers(host).resolve("data"));
            try (Disks disks = Disks.open(data, Mechanism.BTRFS)) {
                disks.acquire("control", Size.ofMib(4), 1000).release();
                fill(host, 1700);
                assertThatThrownBy(() -> disks.acquire("a-1", Size.ofMib(4), 1000))
                        .isInstanceOf(StorageFullException.class);
                assertThat(disks.names()).isEmpty();
            }
        }
    }

    /** Leaves less than the reserve; a tmpfs counts pages, so they have to be real for a moment. */
    private static void fill(Fd host, int mib) throws IOException {
        byte[] block = new byte[1 << 20];
        try (OutputStream out = Files.newOutputStream(seenByOthers(host).resolve("filler"))) {
            for (int i = 0; i < mib; i++) {
                out.write(block);
            }
        }
    }
}
