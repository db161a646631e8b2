package dev.redoubt.node.walls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.protocol.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class CapabilityTest {
    @Test
    void numbersAreTheKernels() throws IOException {
        int last;
        // Not readString: its first read is of one byte, and a sysctl answers only the first read
        try (var file = Files.newBufferedReader(Path.of("/proc/sys/kernel/cap_last_cap"))) {
            last = Integer.parseInt(file.readLine());
        }
        assertThat(Capability.values()).hasSize(last + 1);
        assertThat(Capability.SETPCAP.mask()).isEqualTo(1L << 8);
        assertThat(Capability.SYS_ADMIN.mask()).isEqualTo(1L << 21);
        assertThat(Capability.CHECKPOINT_RESTORE.mask()).isEqualTo(1L << 40);
    }

    @Test
    void rootInstallsPackagesAndNoMore() {
        assertThat(Capability.mask(Capability.ofRootJob(Profile.DEFAULT))).isEqualTo(0xcb);
        assertThat(Capability.mask(Capability.ofGuest(Profile.DEFAULT))).isEqualTo(0x1eb);
    }

    private static List<Profile> singleUserProfiles() {
        return Stream.of("minimal", "web-server", "batch-job", "database", "hostile-tenant")
                .flatMap(name -> BuiltIns.find(name).stream())
                .toList();
    }

    @Test
    void singleUserProfilesHaveNone() {
        assertThat(singleUserProfiles()).hasSize(5);
        for (Profile profile : singleUserProfiles()) {
            assertThat(Capability.ofGuest(profile)).as(profile.name()).isEmpty();
            assertThat(Capability.ofRootJob(profile)).as(profile.name()).isEmpty();
            assertThat(Securebits.of(profile)).as(profile.name()).isEqualTo(0xef);
        }
    }

    @Test
    void noProfileGivesWhatReachesTheHost() {
        for (Profile profile : BuiltIns.all()) {
            assertThat(Capability.ofGuest(profile))
                    .doesNotContainAnyElementsOf(Set.of(
                            Capability.SYS_ADMIN,
                            Capability.SYS_PTRACE,
                            Capability.SYS_MODULE,
                            Capability.SYS_RAWIO,
                            Capability.NET_ADMIN,
                            Capability.NET_RAW,
                            Capability.MKNOD,
                            Capability.DAC_READ_SEARCH,
                            Capability.BPF,
                            Capability.PERFMON));
            assertThat(Capability.ofGuest(profile)).containsAll(Capability.ofRootJob(profile));
        }
    }
}
