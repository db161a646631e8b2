package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The walls of real sandboxes under attack. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EscapeTestTest {
    /** Groups whose attacks meet namespaces, ids, capabilities and mounts, whatever else is away. */
    private static final Set<String> HELD_TWICE =
            Set.of("descriptors", "mounts", "processes", "privileges", "devices", "proc", "ipc", "traces");

    private static final SandboxSpec DEFAULT = under("default");

    /** Its controls are those of every battery here. */
    private final EscapeTest test;

    private final NodeSettings settings;

    /** Of {@link #DEFAULT} with all layers up, once it is known. */
    private Optional<Report> whole = Optional.empty();

    EscapeTestTest(@TempDir(factory = RootOnly.class) Path directory) throws IOException, InterruptedException {
        settings = NodeSettings.library(
                Map.of(
                        "REDOUBT_DATA_DIR", directory.resolve("data").toString(),
                        "REDOUBT_RUN_DIR", directory.resolve("run").toString()),
                Path.of(System.getProperty("redoubt.native")));
        try (Node node = Node.open(settings)) {
            node.images().ensureBuiltIn("busybox");
        }
        test = EscapeTest.open(settings);
    }

    @AfterAll
    void close() throws IOException {
        test.close();
    }

    /** The data directory is root's alone. */
    static final class RootOnly implements org.junit.jupiter.api.io.TempDirFactory {
        @Override
        public Path createTempDirectory(
                org.junit.jupiter.api.extension.AnnotatedElementContext element,
                org.junit.jupiter.api.extension.ExtensionContext context)
                throws IOException {
            return Files.createTempDirectory(
                    "redoubt-escape-test",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    /** Attacked once for all who ask what is open with all layers up. */
    private Report whole() throws IOException, InterruptedException {
        if (whole.isEmpty()) {
            whole = Optional.of(test.run(DEFAULT));
        }
        return whole.get();
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "minimal"})
    @Tag("vm")
    void nothingIsOpenThatIsNotExplained(String profile) throws IOException, InterruptedException {
        SandboxSpec spec = under(profile);
        Report report = spec.equals(DEFAULT) ? whole() : test.run(spec);
        Explained explained = Explained.builtIn();

        assertThat(report.withoutProof()).isEmpty();
        assertThat(report.unexplained(explained)).isEmpty();
        assertThat(report.stale(explained)).as("explained, but not open").isEmpty();
    }

    /** The whole battery by both users: {@code redoubt escape-test --driver crun}, whose result SECURITY.md has. */
    @ParameterizedTest
    @EnumSource(
            value = Driver.class,
            names = {"CRUN", "GVISOR"})
    void nothingIsOpenForAPlainJobWhateverTheDriver(Driver driver) throws IOException, InterruptedException {
        assumeTrue(Node.isInstalled(driver), () -> "the program of driver " + driver + " is not installed");
        Report report = test.runAsPlain(SandboxSpec.of("busybox").withDriver(driver));

        assertThat(report.withoutProof()).isEmpty();
        assertThat(report.unexplained(Explained.builtIn(driver))).isEmpty();
        assertThat(report.findings().stream()
                        .map(finding -> finding.probe().group())
                        .distinct())
                .as("the groups of SECURITY.md's table")
                .containsExactlyElementsOf(DriverTableTest.groupsOf(driver));
    }

    /** So the battery has one attacker there. */
    @Test
    void inMinimalNoJobIsRoot() throws Exception {
        assertThat(asRoot("default"))
                .as("control")
                .isInstanceOfSatisfying(
                        JobExit.Exited.class, exit -> assertThat(exit.code()).isZero());
        assertThat(asRoot("minimal"))
                .isInstanceOfSatisfying(
                        JobExit.NotStarted.class,
                        exit -> assertThat(exit.errno()).isEqualTo(Errno.EPERM));
    }

    private JobExit asRoot(String profile) throws Exception {
        try (Node node = Node.open(settings);
                Sandbox sandbox = node.create(under(profile))) {
            RunRequest idle = RunRequest.exec("/bin/true").withUser("0");
            GuestJob job = sandbox.guest().run(idle, (from, piece) -> from.acknowledge(piece.seq()));
            return job.exit().get(10, TimeUnit.SECONDS);
        }
    }

    private static SandboxSpec under(String profile) {
        return SandboxSpec.of("busybox").withProfile(BuiltIns.find(profile).orElseThrow());
    }

    @Test
    void neitherFilterNorLandlockNorLimitsAloneHoldTheHostsFilesAndProcesses()
            throws IOException, InterruptedException {
        LayerTable table = test.layers(DEFAULT, whole());

        assertThat(namesHeldAloneBy(table, Layer.CALLS))
                .contains("io-uring", "keyctl", "type-character", "family-vsock");
        // It is the second wall of A, which is never away here: LandlockKernelTest tries it by itself
        assertThat(namesHeldAloneBy(table, Layer.LANDLOCK)).isEmpty();
        assertThat(namesHeldAloneBy(table, Layer.LIMITS)).contains("fork-bomb", "memory-bomb", "socket-memory");
        assertThat(namesHeldAloneBy(table, Layer.NETWORK))
                .contains("host-loopback", "host-sockets-tcp"); // more by NoPacketLeavesTest, on a network of its own
        assertThat(table.rows().stream()
                        .filter(row -> HELD_TWICE.contains(row.probe().group()))
                        .filter(row -> !row.alone().isEmpty())
                        .map(row -> row.probe().name()))
                .as("sysinfo(2) is answered by the broker, whom only the filter asks")
                .isSubsetOf("seccomp-mode", "pid1-made-tracer", "trace-sysinfo");
    }

    private static Set<String> namesHeldAloneBy(LayerTable table, Layer layer) {
        return table.rows().stream()
                .filter(row -> row.alone().contains(layer))
                .map(row -> row.probe().name())
                .collect(Collectors.toSet());
    }
}
