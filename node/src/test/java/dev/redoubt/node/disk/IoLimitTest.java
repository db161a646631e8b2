package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Device;
import dev.redoubt.node.cgroup.BlockDevices;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An i/o limit on the host's disk, held against a real writer and a real reader on a sandbox's disk: the loop device between
 * the two passes on for whom it works.
 */
final class IoLimitTest {
    private static final int MIB = 4;

    @TempDir
    private Path temporary;

    @Test
    void readingAndWritingAreSlowedDown() throws IOException, InterruptedException {
        Cgroups cgroups = Cgroups.detect();
        SandboxCgroup group = cgroups.create("iotest" + ProcessHandle.current().pid());
        try (Disks disks = Disks.open(DataDirectory.open(temporary.resolve("data")), Mechanism.BTRFS)) {
            Disk disk = disks.acquire("a-1", Size.ofMib(64), 1000);
            Path file = Path.of(
                    "/proc/" + ProcessHandle.current().pid() + "/fd/"
                            + disk.directory().number(),
                    "u/file");
            List<Device> devices = BlockDevices.below(temporary).stream().toList();
            String write = "exec dd if=/dev/zero of=" + file + " bs=1M count=" + MIB + " oflag=direct";
            String read = "exec dd if=" + file + " of=/dev/null bs=1M count=" + MIB + " iflag=direct";

            group.apply(Limits.DEFAULT.withIo(IoLimits.bytesPerSecond(Size.ofMib(2))), devices);
            assertThat(time(group, write)).isGreaterThan(Duration.ofSeconds(1));
            assertThat(time(group, read)).isGreaterThan(Duration.ofSeconds(1));

            group.apply(Limits.DEFAULT, devices);
            assertThat(time(group, write)).as("control: not slowed down").isLessThan(Duration.ofMillis(900));
            assertThat(time(group, read)).as("control: not slowed down").isLessThan(Duration.ofMillis(900));
            disk.release();
        } finally {
            group.kill();
            group.remove();
            cgroups.removeWhenEmpty();
        }
    }

    private static Duration time(SandboxCgroup group, String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("/bin/sh", "-c", "read go; " + command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        group.join(Math.toIntExact(process.pid()));
        long start = System.nanoTime();
        process.getOutputStream().write("\n".getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
