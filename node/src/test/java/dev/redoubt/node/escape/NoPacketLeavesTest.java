package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Child;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * With the network layer away the battery stands in the host's network, and must not send anything to it.
 *
 * <p>Counted in a network namespace of the test's own, which is the host's for the node in it: a pair of interfaces with
 * a default route, on which nothing else speaks. (Without ARP and link-local addresses the kernel itself does not either.)
 */
final class NoPacketLeavesTest {
    private static final String NETWORK = """
            set -e
            ip link set lo up
            ip link add out type veth peer name nowhere
            for one in out nowhere; do ip link set $one addrgenmode none arp off; ip link set $one up; done
            ip addr add 240.0.0.2/24 dev out
            ip route add default dev out
            ip addr add 100::2/64 dev out nodad
            ip -6 route add default dev out
            exec "$@\"""";

    @TempDir
    private Path directory;

    @Test
    void attacksOnTheHostsNetworkSeeTheWayAndSendNothing() throws Exception {
        List<String> network = List.of("unshare", "--net", "sh", "-c", NETWORK, "sh");
        try (Child child = Child.startedBy(network, InOwnNetwork.class, directory.toString(), natives())) {
            assertThat(child.line()).as("before").isEqualTo("packets 0");
            assertThat(child.line().split(" ", -1))
                    .contains(
                            "cloud-metadata",
                            "cloud-metadata-6",
                            "private-network",
                            "internet-tcp",
                            "internet-tcp-6",
                            "internet-udp",
                            "name-service",
                            "other-interfaces",
                            "host-loopback");
            assertThat(child.line()).as("after").isEqualTo("packets 0");
            assertThat(child.line()).as("control: allowed to send").isEqualTo("packets 1");
            assertThat(child.exitCode()).isZero();
        }
    }

    private static String natives() {
        return System.getProperty("redoubt.native");
    }

    /** Runs inside that network: counts, attacks, counts, lets one attack send, counts. */
    static final class InOwnNetwork {
        private static final int SENT = 10;

        private InOwnNetwork() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            Path directory = Path.of(arguments[0]);
            Path natives = Path.of(arguments[1]);
            System.out.println("packets " + sent());
            System.out.println(String.join(" ", open(directory, natives)));
            System.out.println("packets " + sent());
            Process sends = new ProcessBuilder(
                            natives.resolve("redoubt-escape").toString(),
                            "run",
                            "--outside",
                            "packets=1",
                            "--only",
                            "internet-udp")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            sends.waitFor();
            System.out.println("packets " + sent());
        }

        private static List<String> open(Path directory, Path natives) throws IOException, InterruptedException {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
            NodeSettings settings = NodeSettings.library(
                    Map.of(
                            "REDOUBT_DATA_DIR", directory.resolve("data").toString(),
                            "REDOUBT_RUN_DIR", directory.resolve("run").toString()),
                    natives);
            try (Node node = Node.open(settings)) {
                node.images().ensureBuiltIn("busybox");
            }
            try (EscapeTest test = EscapeTest.open(settings)) {
                return test.onTheHostsNetwork(SandboxSpec.of("busybox")).open().stream()
                        .map(finding -> finding.probe().name())
                        .toList();
            }
        }

        /** By all interfaces but lo: proc_net(5), a name, then eight numbers received and eight sent. */
        private static long sent() throws IOException {
            return Files.readAllLines(Path.of("/proc/net/dev")).stream()
                    .filter(line -> line.contains(":"))
                    .map(line -> Arrays.asList(line.strip().split("[: ]+", -1)))
                    .filter(words -> !words.getFirst().equals("lo"))
                    .mapToLong(words -> Long.parseLong(words.get(SENT)))
                    .sum();
        }
    }
}
