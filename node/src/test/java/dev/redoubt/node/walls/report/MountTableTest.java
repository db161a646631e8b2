package dev.redoubt.node.walls.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.MountInfo;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class MountTableTest {
    private static final Asked.Mount ROOT = asked("/", "overlay", "/", false, "nosuid", "nodev");
    private static final Asked.Mount MASK = asked("/proc/x", "tmpfs", "/null", true, "nosuid", "noexec");
    private static final MountInfo ROOT_FOUND = found(1, "/", "overlay", "/", "rw", "nosuid", "nodev");
    private static final MountInfo MASK_FOUND = found(2, "/proc/x", "tmpfs", "/null", "rw", "nosuid", "noexec");

    private static Asked.Mount asked(String point, String type, String root, boolean mayBeAbsent, String... options) {
        return new Asked.Mount(point, type, List.of(root), new TreeSet<>(Set.of(options)), mayBeAbsent);
    }

    private static MountInfo found(int device, String point, String type, String root, String... options) {
        return new MountInfo(device, new Device(0, device), root, point, type, "none", Set.of(options));
    }

    private static List<String> worse(List<MountInfo> found, boolean isThere) {
        return MountTable.compared(List.of(ROOT, MASK), found, _ -> isThere).stream()
                .filter(finding -> finding.verdict() != Verdict.AS_ASKED)
                .map(finding -> finding.what() + " " + finding.verdict())
                .toList();
    }

    @Test
    void whatIsThereAsAskedIsSo() {
        assertThat(worse(List.of(ROOT_FOUND, MASK_FOUND), true)).isEmpty();
    }

    @Test
    void aCoverIsMissingOnlyWhereSomethingIsToBeCovered() {
        assertThat(worse(List.of(ROOT_FOUND), true)).containsExactly("mount on /proc/x missing");
        assertThat(worse(List.of(ROOT_FOUND), false)).isEmpty();
        assertThat(worse(List.of(MASK_FOUND), false)).containsExactly("mount on / missing");
    }

    @Test
    void anOptionLessIsWeaker() {
        assertThat(worse(List.of(found(1, "/", "overlay", "/", "rw", "nodev"), MASK_FOUND), true))
                .contains("mount on / weaker");
    }

    @Test
    void anotherMountOverIsWeakerEvenWhenItLooksTheSame() {
        assertThat(worse(List.of(ROOT_FOUND, MASK_FOUND, found(3, "/proc/x", "proc", "/x", "rw")), true))
                .containsExactly("mount on /proc/x weaker");
        assertThat(worse(
                        List.of(
                                ROOT_FOUND,
                                MASK_FOUND,
                                found(3, "/proc/x", "tmpfs", "/null", "rw", "nosuid", "noexec")),
                        true))
                .as("of another file system")
                .containsExactly("mount on /proc/x weaker");
        assertThat(worse(List.of(ROOT_FOUND, MASK_FOUND, MASK_FOUND), true))
                .as("cloned with the tree above it")
                .isEmpty();
        assertThat(worse(List.of(ROOT_FOUND, MASK_FOUND, found(3, "/new", "ext4", "/", "rw")), true))
                .containsExactly("mount on /new weaker");
    }

    @Test
    void whatPropagatesIsWeaker() {
        MountInfo shared = new MountInfo(
                1, new Device(0, 1), "/", "/", "overlay", "none", Set.of("nosuid", "nodev"), List.of("master:3"));
        assertThat(worse(List.of(shared, MASK_FOUND), true)).containsExactly("mount on / weaker");
    }
}
