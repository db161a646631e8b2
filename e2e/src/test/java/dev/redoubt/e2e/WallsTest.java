package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.protocol.InsideIds;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The walls of a whole sandbox, read back from the kernel. */
@Tag("vm")
class WallsTest {
    private static final List<String> SEVEN = List.of("user", "pid", "mnt", "net", "ipc", "uts", "cgroup");
    /** chown, dac_override, fowner, setgid, setuid by their numbers: 0, 1, 3, 6, 7. */
    private static final String ROOTS = "00000000000000cb";

    private static Place place;
    private static Node node;

    @BeforeAll
    static void open() throws IOException {
        place = Place.make();
        node = place.open(place.settings());
    }

    @AfterAll
    static void close() throws IOException {
        node.close();
        place.close();
    }

    /** The guest as the host sees it: the pid behind the pidfd (pidfd_open(2), fdinfo). */
    private static Path proc(Sandbox sandbox) throws IOException {
        String info =
                Files.readString(Path.of("/proc/self/fdinfo/" + sandbox.pidfd().number()));
        String pid = info.lines()
                .filter(line -> line.startsWith("Pid:"))
                .map(line -> line.substring(4).strip())
                .findFirst()
                .orElseThrow();
        return Path.of("/proc", pid);
    }

    private static Map<String, String> status(Path proc) throws IOException {
        return Files.readAllLines(proc.resolve("status")).stream()
                .map(line -> line.split(":", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1].strip()));
    }

    @Test
    void sevenNamespacesAndIdsOfItsOwn() throws Exception {
        try (Sandbox one = node.create(SandboxSpec.of("busybox"));
                Sandbox other = node.create(SandboxSpec.of("busybox"))) {
            for (String namespace : SEVEN) {
                // what the link says, not the link: each process has links of its own to the same namespace
                Path here = Files.readSymbolicLink(Path.of("/proc/self/ns", namespace));
                assertThat(here)
                        .as("control: two looks at one namespace")
                        .isEqualTo(Files.readSymbolicLink(Path.of("/proc/thread-self/ns", namespace)));
                Path first = Files.readSymbolicLink(proc(one).resolve("ns/" + namespace));
                Path second = Files.readSymbolicLink(proc(other).resolve("ns/" + namespace));
                assertThat(first).as(namespace).isNotEqualTo(here).isNotEqualTo(second);
            }
            String map = Files.readString(proc(one).resolve("uid_map")).strip().replaceAll(" +", " ");
            assertThat(map).matches("0 [0-9]+ 65536");
            assertThat(Long.parseLong(map.split(" ", -1)[1])).isGreaterThanOrEqualTo(524_288);
            assertThat(map)
                    .isNotEqualTo(Files.readString(proc(other).resolve("uid_map"))
                            .strip()
                            .replaceAll(" +", " "));
        }
    }

    @Test
    void aPlainJobHasNothingAndRootOnlyItsFive() throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS); // it clears its ambient set before it says so
            Map<String, String> guest = status(proc(sandbox));
            assertThat(guest).containsEntry("NoNewPrivs", "1").containsEntry("Seccomp", "2");
            assertThat(guest.get("CapAmb")).isEqualTo("0000000000000000");
            // real, effective, saved and for files
            assertThat(guest.get("Uid").split("\t", -1)).hasSize(4).containsOnly(hostId(sandbox, InsideIds.GUEST));

            String plain = Jobs.run(sandbox, "1000", "cat", "/proc/self/status").text();
            assertThat(plain)
                    .contains("CapPrm:\t0000000000000000")
                    .contains("CapBnd:\t0000000000000000")
                    .contains("NoNewPrivs:\t1")
                    .contains("Seccomp:\t2");

            long five = Capability.mask(Capability.ofRootJob(Profile.DEFAULT));
            RunRequest asRoot = RunRequest.exec("cat", "/proc/self/status").withUser("0");
            assertThat(Jobs.run(sandbox, asRoot.withCapabilities(five, five)).text())
                    .contains("CapPrm:\t" + ROOTS)
                    .contains("CapEff:\t" + ROOTS)
                    .contains("CapBnd:\t" + ROOTS)
                    .contains("CapAmb:\t0000000000000000")
                    .contains("NoNewPrivs:\t1")
                    .contains("Seccomp:\t2");
            // a job sees its own descriptors and nothing that was left open
            String open =
                    Jobs.run(sandbox, "1000", "sh", "-c", "ls /proc/self/fd").text();
            assertThat(open).isEqualTo("0\n1\n2\n3\n"); // 3 is the directory that ls reads
        }
    }

    /** On a common inode one sandbox could keep the other waiting (flock(2)) or watch it (inotify(7)). */
    @Test
    void devicesAndMasksAreNobodyElses() throws Exception {
        String[] inodes = {
            "stat", "-c", "%d:%i", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/tty", "/proc/kallsyms", "/proc/acpi"
        };
        try (Sandbox one = node.create(SandboxSpec.of("busybox"));
                Sandbox other = node.create(SandboxSpec.of("busybox"))) {
            List<String> ones = Jobs.run(one, "1000", inodes).text().lines().toList();
            assertThat(ones).hasSize(inodes.length - 3);
            assertThat(Jobs.run(one, "1000", inodes).text().lines().toList())
                    .as("control: what is the same shows as the same")
                    .isEqualTo(ones);
            assertThat(Jobs.run(other, "1000", inodes).text().lines())
                    .hasSameSizeAs(ones)
                    .doesNotContainAnyElementsOf(ones);
        }
    }

    private static String hostId(Sandbox sandbox, int inside) throws IOException {
        String map = Files.readString(proc(sandbox).resolve("uid_map")).strip();
        return Long.toString(Long.parseLong(map.split(" +", -1)[1]) + inside);
    }

    /** The guest needs no call that the filter refuses to its jobs: it makes them all of the ids that they are to have. */
    @Test
    void rootBecomesEverybodyButTheGuest() throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            assertThat(Jobs.run(sandbox, "0", "cat", "/proc/self/oom_score_adj").text())
                    .isEqualTo("500\n");
            String become =
                    "for i in 65532 65533 65534; do echo u:x:$i:$i::/:/bin/sh > /etc/passwd; su u -c 'id -u'; done";
            long root = Capability.mask(Capability.ofRootJob(Profile.DEFAULT));
            RunRequest request =
                    RunRequest.exec("sh", "-c", become).withUser("0").withCapabilities(root, root);
            assertThat(Jobs.run(sandbox, request).text())
                    .startsWith("65532\n")
                    .contains("Operation not permitted")
                    .endsWith("65534\n")
                    .doesNotContain("65533\n");
        }
    }

    @Test
    void theNetworkBelongsToTheHost() throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            String rules = Jobs.run(
                            sandbox, "0", "sh", "-c", "ip link set lo down; ip addr add 240.0.0.1/32 dev lo; ip link")
                    .text();
            assertThat(rules).contains("Operation not permitted").contains("LOOPBACK,UP");
        }
    }

    @Test
    void theShippedSpawnerObeysNoSwitch() throws Exception {
        NodeSettings switched =
                place.settings().withSwitches(new TestSwitches(EnumSet.allOf(TestSwitches.Layer.class)));
        try (Place other = Place.make()) {
            Path natives = Files.createDirectory(other.file("natives"));
            // the shipped program under the name of the test build
            Files.copy(Place.NATIVES.resolve("redoubt-spawner"), natives.resolve("redoubt-spawner-test"));
            natives.resolve("redoubt-spawner-test").toFile().setExecutable(true);
            Files.copy(Place.NATIVES.resolve("redoubt-guest"), natives.resolve("redoubt-guest"));
            NodeSettings settings = new NodeSettings(
                    other.data(), other.run(), natives, NodeSettings.Life.WITH_THIS_PROCESS, 0, switched.switches());
            try (Node refused = other.open(settings)) {
                assertThatThrownBy(() -> refused.create(SandboxSpec.of("busybox")))
                        .isInstanceOf(Problem.class);
            }
            assertThat(other.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }
}
