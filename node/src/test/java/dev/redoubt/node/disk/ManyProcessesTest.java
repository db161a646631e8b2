package dev.redoubt.node.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Child;
import dev.redoubt.node.data.DataDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ManyProcessesTest {
    @TempDir
    private Path temporary;

    @Test
    void fiveProcessesShareOneImageAndLeaveNothing() throws IOException, InterruptedException {
        Path data = temporary.resolve("data");
        DataDirectory.open(data);
        List<Child> children = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            children.add(Child.start(DiskUser.class, data.toString(), "p" + i, "50"));
        }
        for (Child child : children) {
            assertThat(child.line()).isEqualTo("left 0");
            assertThat(child.exitCode()).isZero();
            child.close();
        }
        assertThat(LoopDevices.over(temporary)).isEmpty();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(temporary.toString());
        try (var files = Files.list(data.resolve("node"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("disk.img", "disk.lock");
        }
        try (BtrfsDisks disks = BtrfsDisks.open(DataDirectory.open(data))) {
            assertThat(disks.names()).isEmpty();
        }
    }

    @Test
    void aKilledProcessLeavesNoDeviceAndNoMount() throws IOException, InterruptedException {
        Path data = temporary.resolve("data");
        DataDirectory.open(data);
        try (Child child = Child.start(DiskHolder.class, data.toString(), "held")) {
            assertThat(child.line()).isEqualTo("held");
            assertThat(LoopDevices.over(temporary))
                    .as("control: it was attached")
                    .hasSize(1);
            child.kill();
        }
        assertThat(LoopDevices.over(temporary)).isEmpty();
        try (BtrfsDisks disks = BtrfsDisks.open(DataDirectory.open(data))) {
            assertThat(disks.names()).as("what a sweep will remove").isSubsetOf("held");
            disks.destroy("held");
        }
    }
}
