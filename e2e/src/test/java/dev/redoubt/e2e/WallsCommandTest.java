package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.daemon.Listed;
import dev.redoubt.node.daemon.NodeClient;
import dev.redoubt.node.walls.report.SignedReport;
import dev.redoubt.protocol.SandboxId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The walls report as people get it: on the command line, from a daemon, and from the one after it. */
class WallsCommandTest {
    @Test
    void aRunSaysWhatHoldsIt() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said said = new Cli(place)
                    .run(
                            "run",
                            "--walls",
                            "--profile",
                            "hostile-tenant",
                            "--accept-shared-kernel",
                            "--",
                            "echo",
                            "out");
            assertThat(said.exit()).as(said.errors()).isZero();
            assertThat(said.out()).isEqualTo("out\n");
            assertThat(said.errors())
                    .contains(": as asked", "profile hostile-tenant, native driver, Linux ", "THE KERNEL IS SHARED")
                    .doesNotContain("weaker", "MISSING");
        }
    }

    @Test
    void theNextDaemonKnowsWhatWasAskedAndSignsWithTheSameKey() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Process usual = up(cli);
            Process unusual = up(cli, "--memory", "64M", "--profile", "minimal", "--read-only");
            List<SandboxId> ids = ids(place);
            assertThat(ids).hasSize(2);
            for (SandboxId id : ids) {
                assertThat(walls(place, id).report().worse()).isEmpty();
            }
            daemon.destroyForcibly().waitFor();
            daemon = daemon(cli);
            Place.until("both are taken over", 10, () -> ids(place).equals(ids));
            assertThat(walls(place, ids.getFirst()).report().worse()).isEmpty();

            Cli.Said json = cli.run("sandbox", "walls", "--json", ids.getLast().value());
            assertThat(json.exit()).as(json.out() + json.errors()).isZero();
            Path file = Files.writeString(place.file("report.json"), json.out());
            Cli.Said genuine = cli.run("walls", "verify", file.toString());
            assertThat(genuine.out())
                    .startsWith("genuine: ")
                    .contains(ids.getLast().value(), "as asked");
            assertThat(genuine.exit()).isZero();
            Path key = Files.writeString(
                    place.file("key.pem"), cli.run("walls", "key").out());
            Files.writeString(file, Files.readString(file).replace("67108864", "67108865"));
            Cli.Said changed = cli.run("walls", "verify", "--key", key.toString(), file.toString());
            assertThat(changed.exit()).isEqualTo(1);
            assertThat(changed.errors()).contains("NOT GENUINE: the signature is not over what the report says");

            // 256 MiB are less than the default: a node that did not know of the 64 would find nothing in it
            allow256MiBInsteadOf64(place);
            Cli.Said weaker = cli.run("sandbox", "walls", ids.getLast().value());
            assertThat(weaker.exit()).isEqualTo(1);
            assertThat(weaker.out()).contains("weaker  sandbox, memory", "at most 67108864 bytes", "found 268435456");
            assertThat(walls(place, ids.getFirst()).report().worse())
                    .as("of the other one")
                    .isEmpty();

            stop(place);
            assertThat(cli.run("sandbox", "end", ids.getLast().value()).exit()).isZero();
            assertThat(unusual.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(unusual.exitValue()).isEqualTo(137);
            assertThat(usual.isAlive()).as("the control").isTrue();
            assertThat(cli.run("sandbox", "end", ids.getLast().value()).errors())
                    .contains("NOT_FOUND");
            assertThat(cli.run("sandbox", "end", ids.getFirst().value()).exit()).isZero();
            assertThat(usual.waitFor(20, TimeUnit.SECONDS)).isTrue();
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the spawner ends", 10, () -> place.processes().isEmpty());
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    private static void allow256MiBInsteadOf64(Place place) throws Exception {
        List<String> owners = Place.names(place.data().resolve("node/owners"));
        for (String name : Place.names(Place.groups())) {
            for (String file : List.of("memory.memsw.limit_in_bytes", "memory.limit_in_bytes", "memory.max")) {
                Path limit = Place.groups().resolve(name).resolve(file);
                if (owners.stream().anyMatch(name::startsWith)
                        && Files.exists(limit)
                        && Files.readString(limit).equals("67108864\n")) {
                    Files.writeString(limit, "268435456");
                }
            }
        }
    }

    /** All that runs something, as a node does where walls have changed: no signal reaches it. */
    private static void stop(Place place) throws Exception {
        List<String> owners = Place.names(place.data().resolve("node/owners"));
        int stopped = 0;
        for (String name : Place.names(Place.groups())) {
            if (owners.stream().anyMatch(name::startsWith) && runsSleep(name)) {
                Cgroups.detect().existing(name).freeze();
                stopped++;
            }
        }
        assertThat(stopped).isEqualTo(2);
    }

    private static boolean runsSleep(String group) throws Exception {
        for (String process : Files.readAllLines(Place.groups().resolve(group).resolve("cgroup.procs"))) {
            if (Files.readString(Path.of("/proc", process, "comm")).equals("sleep\n")) {
                return true;
            }
        }
        return false;
    }

    private static SignedReport walls(Place place, SandboxId id) {
        try (NodeClient client = NodeClient.connect(place.run()).orElseThrow()) {
            return client.walls(id);
        }
    }

    private static List<SandboxId> ids(Place place) {
        try (NodeClient client = NodeClient.connect(place.run()).orElseThrow()) {
            return client.sandboxes().stream().map(Listed::id).toList();
        }
    }

    private static Process up(Cli cli, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of("run"));
        command.addAll(List.of(options));
        command.addAll(List.of("--", "sh", "-c", "echo up; sleep 100"));
        Process run = cli.start(command.toArray(String[]::new));
        assertThat(run.inputReader().readLine()).isEqualTo("up");
        return run;
    }

    private static Process daemon(Cli cli) throws Exception {
        Process daemon = cli.start("node", "--slots", "1");
        String line = daemon.errorReader().readLine();
        assertThat(line).contains("node ready");
        return daemon;
    }

    @Test
    void whoeverIsNotThereHasNoWalls() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            assertThat(cli.run("sandbox", "walls", "sbx_" + "a".repeat(26)).exit())
                    .isEqualTo(3);
            assertThat(cli.run("walls", "verify", "/dev/null").errors()).contains("NOT GENUINE");
        }
    }
}
