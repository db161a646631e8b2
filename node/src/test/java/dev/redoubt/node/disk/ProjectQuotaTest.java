package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.ProjectQuota;
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
import org.opentest4j.TestAbortedException;

/** Project quotas, where the host's file system has them: the test machine of {@code ./redoubt test --vm} does. */
@Tag("vm")
final class ProjectQuotaTest {
    private static final Size LIMIT = Size.ofMib(16);
    private static final long FILES = 200;

    @TempDir
    private Path temporary;

    private DataDirectory data;

    @BeforeEach
    void open() {
        data = DataDirectory.open(temporary.resolve("data"));
    }

    /** Removal goes on in the background, and would meet the end of the directory it works in. */
    @AfterEach
    void nothingStays() throws IOException, InterruptedException {
        for (int tries = 0; tries < 3000; tries++) {
            try (var left = Files.list(data.nodeDirectory("disks"))) {
                if (left.findAny().isEmpty()) {
                    return;
                }
            }
            Thread.sleep(10);
        }
        fail("disks were not removed");
    }

    private Disks disks() {
        try {
            return Disks.open(data, Mechanism.PROJECT_QUOTA);
        } catch (MechanismMissingException missing) {
            throw new TestAbortedException("this host has no project quota", missing);
        }
    }

    @Test
    void bytesStopAtTheLimit() throws IOException, InterruptedException {
        try (Disks disks = disks()) {
            Disk disk = disks.acquire("a-1", LIMIT, FILES);
            Path upper = data.nodeDirectory("disks").resolve("a-1/u");
            assertThat(asAnOverlayWrites("dd if=/dev/zero of=big bs=64k count=512 2>/dev/null", upper))
                    .isNotZero();
            assertThat(Files.size(upper.resolve("big"))).isBetween(15 * Filling.MIB, 16 * Filling.MIB);
            assertThat(disk.used()).isBetween(Size.ofMib(15), LIMIT);

            Files.delete(upper.resolve("big"));
            assertThat(Filling.bytes(upper.resolve("big"), 32 * Filling.MIB))
                    .as("control: there is room on the host, and who has CAP_SYS_RESOURCE gets it")
                    .isEqualTo(32 * Filling.MIB);
            disk.release();
            assertThat(disks.names()).isEmpty();
        }
    }

    @Test
    void filesStopAtTheLimit() throws IOException, InterruptedException {
        try (Disks disks = disks()) {
            Disk disk = disks.acquire("a-1", LIMIT, FILES);
            Path upper = data.nodeDirectory("disks").resolve("a-1/u");
            assertThat(asAnOverlayWrites("n=0; while : > f$n; do n=$((n + 1)); [ $n -lt 1000 ] || exit 9; done", upper))
                    .isNotEqualTo(9);
            try (var made = Files.list(upper)) {
                assertThat(made.count()).isBetween(FILES - 8, FILES);
            }
            disk.release();
        }
    }

    /** Or every disk there ever was would keep a number, and a place in the file system's table of quotas. */
    @Test
    void aProjectIsFreeAgainWhenItsDiskIsRemoved() throws IOException, InterruptedException {
        try (Disks disks = disks();
                Fd here = LinuxFiles.open(data.nodeDirectory("disks").toString(), LinuxFiles.O_RDONLY)) {
            Disk disk = disks.acquire("a-1", LIMIT, FILES);
            int project = ProjectQuota.of(disk.directory());
            assertThat(ProjectQuota.read(here, project).mostBytes()).isEqualTo(LIMIT.bytes());

            disk.release();
            nothingStays();

            assertThat(ProjectQuota.read(here, project)).isEqualTo(new ProjectQuota.Reading(0, 0, 0, 0));
        }
    }

    /** As root without CAP_SYS_RESOURCE, which walks past every quota. */
    private static int asAnOverlayWrites(String script, Path directory) throws IOException, InterruptedException {
        Process writer = new ProcessBuilder(
                        List.of("setpriv", "--bounding-set", "-sys_resource", "sh", "-c", script + " 2>/dev/null"))
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return writer.waitFor();
    }
}
