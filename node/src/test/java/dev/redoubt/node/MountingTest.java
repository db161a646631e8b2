package dev.redoubt.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountTree;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands behind a source's name may change at any moment. */
class MountingTest {
    @TempDir
    Path parent;

    @Test
    void whatWasLookedAtIsWhatIsMounted() throws Exception {
        Path source = Files.createDirectory(parent.resolve("source"));
        Path other = Files.createDirectory(parent.resolve("other"));
        long looked = LinuxFiles.status(source.toString()).inode();
        long swapped = LinuxFiles.status(other.toString()).inode();
        List<Fd> trees = new ArrayList<>();
        try (Mounting mounting = Mounting.open(spec(new HostMount(source, "/data", true)))) {
            Files.move(source, parent.resolve("away"));
            Files.move(other, source);
            mounting.addTrees(trees);
            try (Fd byName = MountTree.cloneOf(source.toString())) {
                assertThat(LinuxFiles.status(byName).inode())
                        .as("control: the name leads elsewhere")
                        .isEqualTo(swapped);
            }
            assertThat(trees)
                    .singleElement()
                    .satisfies(
                            tree -> assertThat(LinuxFiles.status(tree).inode()).isEqualTo(looked));
        } finally {
            trees.forEach(Fd::close);
        }
    }

    private static SandboxSpec spec(HostMount mount) {
        return new SandboxSpec(
                "busybox", Profile.DEFAULT, Limits.DEFAULT, NetworkMode.NONE, false, "sandbox", List.of(mount), 1000);
    }
}
