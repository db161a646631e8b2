package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.daemon.NodeClient;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** kill -9 under sandboxes that an OCI runtime built: {@link CrashTest} for them. */
class DriversCrashTest {
    private static final long SEED = Long.getLong("redoubt.seed", 4711);
    private static final int ROUNDS = Integer.getInteger("redoubt.soak.rounds", 2);
    private static final int BURST = 500;
    private static final String COUNT = "i=0; while read n; do k=0; while [ $k -lt $n ]; do echo $i; i=$((i+1));"
            + " k=$((k+1)); done; done; exit 42";
    private static final List<Driver> RUNTIMES = List.of(Driver.CRUN, Driver.GVISOR);

    @BeforeAll
    static void runtimes() {
        assumeTrue(Node.isInstalled(Driver.CRUN) && Node.isInstalled(Driver.GVISOR), "crun or runsc is not installed");
    }

    /** Each prints as many numbers as it reads that it is to; its daemon is killed while it does. */
    @Test
    void aDaemonMayDieAtAnyMoment() throws Exception {
        Random random = new Random(SEED);
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Map<Driver, Process> runs = new EnumMap<>(Driver.class);
            for (Driver driver : RUNTIMES) {
                runs.put(driver, run(cli, driver, COUNT));
            }
            for (Driver driver : RUNTIMES) {
                order(runs.get(driver));
                assertNumbers(runs.get(driver), 0);
            }
            for (int deaths = 1; deaths <= 2; deaths++) {
                for (Process run : runs.values()) {
                    order(run);
                }
                TimeUnit.MILLISECONDS.sleep(random.nextInt(20));
                daemon.destroyForcibly().waitFor();
                for (Process run : runs.values()) { // without a daemon
                    assertNumbers(run, deaths * BURST);
                }
                daemon = daemon(cli);
            }
            assertWallsAreKnown(place);
            for (Process run : runs.values()) {
                run.outputWriter().close();
                assertThat(run.inputReader().readLine()).isNull();
                assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(run.exitValue()).isEqualTo(42);
            }
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the daemon's spawner ends", 10, () -> place.processes().isEmpty());
            assertNothingIsLeft(place);
        }
    }

    private static void order(Process run) throws IOException {
        run.outputWriter().write(BURST + "\n");
        run.outputWriter().flush();
    }

    private static void assertNumbers(Process run, int first) throws IOException {
        for (int number = first; number < first + BURST; number++) {
            assertThat(run.inputReader().readLine()).as("seed %d", SEED).isEqualTo(Integer.toString(number));
        }
    }

    /** By the third daemon, of sandboxes that the first launched: from the journal. */
    private static void assertWallsAreKnown(Place place) throws IOException {
        try (NodeClient client = NodeClient.connect(place.run()).orElseThrow()) {
            List<WallsReport> reports = client.sandboxes().stream()
                    .map(listed -> client.walls(listed.id()).report())
                    .toList();
            assertThat(reports).extracting(WallsReport::driver).containsExactlyInAnyOrder("crun", "gvisor");
            assertThat(reports).allSatisfy(report -> assertThat(report.worse()).isEmpty());
        }
    }

    @Test
    void noSandboxOutlivesTheSpawnerOfADaemon() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            List<Process> runs = new ArrayList<>();
            for (Driver driver : RUNTIMES) {
                runs.add(run(cli, driver, "echo up; sleep 1000"));
            }
            for (Process run : runs) {
                assertThat(run.inputReader().readLine()).isEqualTo("up");
            }
            Set<ProcessHandle> all = place.processes();
            assertThat(all.stream().map(DriversCrashTest::name))
                    .as("control")
                    .contains("/proc/self/fd/4", "runsc-sandbox", "runsc-gofer", "sleep");
            place.spawners().forEach(ProcessHandle::destroyForcibly);
            Place.until("all end with the spawner", 2, () -> all.stream().noneMatch(DriversCrashTest::isRunning));
            for (Process run : runs) {
                assertThat(run.waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(run.exitValue()).isNotZero();
            }
            assertThat(place.leftovers().groups())
                    .as("control: nobody has swept yet")
                    .isNotEmpty();
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            try (Node next = Node.open(place.settings())) {
                assertThat(next.adopted()).isEmpty();
            }
            Place.until("its spawner ends", 10, () -> place.processes().isEmpty());
            assertNothingIsLeft(place);
        }
    }

    /** The command, its spawner, one of its builders, the runtime: one of them, soon after there is one. */
    @Test
    void nothingIsLeftOfWhatIsKilledWhileItIsBuilt() throws Exception {
        Random random = new Random(SEED);
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            place.open(place.settings()).close(); // the image
            for (int round = 0; round < ROUNDS; round++) {
                Map<Process, String> runs = new LinkedHashMap<>();
                for (Driver driver : RUNTIMES) {
                    String whom = List.of("java", "redoubt-spawner", driver == Driver.CRUN ? "crun" : "runsc")
                            .get(random.nextInt(3));
                    runs.put(run(cli, driver, "sleep 100"), whom);
                }
                for (Map.Entry<Process, String> run : runs.entrySet()) {
                    kill(run.getKey(), run.getValue(), random);
                }
                for (Process run : runs.keySet()) {
                    run.destroyForcibly().waitFor();
                }
                Place.until(
                        "spawners end with their node",
                        10,
                        () -> place.processes().stream()
                                .noneMatch(process -> name(process).endsWith("redoubt-spawner") && isRunning(process)));
            }
            place.ageOwners(); // CrashTest says why
            try (Node node = Node.open(place.settings())) {
                assertThat(node.adopted()).isEmpty();
            }
            Place.until("its spawner ends", 10, () -> place.processes().isEmpty());
            assertNothingIsLeft(place);
        }
    }

    /** One of a run's processes of such a name, with some milliseconds of grace; none where it came and went unseen. */
    private static void kill(Process run, String whom, Random random) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
        while (System.nanoTime() < deadline) {
            List<ProcessHandle> found = Stream.concat(Stream.of(run.toHandle()), run.descendants())
                    .filter(one -> name(one).endsWith(whom)
                            && (!whom.equals("java") || run.descendants().count() > 1))
                    .toList();
            if (!found.isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(30));
                found.get(random.nextInt(found.size())).destroyForcibly();
                return;
            }
        }
    }

    /**
     * Whoever reads a pipe to know of an end does not when it is stopped; whom the kernel kills need not know. Where the guest is
     * a process of runsc's kernel, nobody can tell that one.
     */
    @Test
    void whatIsStoppedEndsWithItsSpawnerOrTheNextSweep() throws Exception {
        try (Place place = Place.make()) {
            Node dying = place.open(place.settings().outliving());
            Map<Driver, ProcessHandle> first = new EnumMap<>(Driver.class);
            for (Driver driver : Driver.values()) {
                first.put(driver, stopped(dying.create(SandboxSpec.of("busybox").withDriver(driver))));
            }
            place.spawners().forEach(ProcessHandle::destroyForcibly);
            Place.until("a guest of the native driver ends", 2, () -> !isRunning(first.get(Driver.NATIVE)));
            Place.until("a guest of crun ends", 2, () -> !isRunning(first.get(Driver.CRUN)));
            TimeUnit.MILLISECONDS.sleep(200);
            assertThat(isRunning(first.get(Driver.GVISOR)))
                    .as("a kernel of its own is still there, as SECURITY.md says")
                    .isTrue();
            close(dying);
            try (Node next = Node.open(place.settings())) {
                assertThat(next.adopted()).isEmpty();
            }
            assertThat(isRunning(first.get(Driver.GVISOR))).isFalse();
            Place.until("its spawner ends", 10, () -> place.processes().isEmpty());
            assertNothingIsLeft(place);
        }
    }

    /** Its first process on this host, which has been sent SIGSTOP by the host's root and does not run any more. */
    private static ProcessHandle stopped(Sandbox sandbox) throws Exception {
        sandbox.guest().ready().get(10, TimeUnit.SECONDS);
        assertThat(sandbox.awaitEnd(Duration.ofMillis(100))).as("control").isFalse();
        String pid = Files.readAllLines(
                        Path.of("/proc/self/fdinfo/" + sandbox.pidfd().number()))
                .stream()
                .filter(line -> line.startsWith("Pid:"))
                .map(line -> line.substring(4).strip())
                .findFirst()
                .orElseThrow();
        ProcessHandle process = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
        assertThat(new ProcessBuilder("kill", "-STOP", pid).start().waitFor()).isZero();
        Place.until("it is stopped", 5, () -> state(process) == 'T');
        return process;
    }

    /** Its spawner is dead, which it says; what is left is the next one's to sweep. */
    private static void close(Node node) {
        try {
            node.close();
        } catch (RuntimeException nobodyToTell) {
            assertThat(nobodyToTell).hasMessageContaining("spawner");
        }
    }

    private static void assertNothingIsLeft(Place place) throws IOException {
        assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        String root = place.file(".").normalize().toString();
        assertThat(Files.readAllLines(Path.of("/proc/self/mountinfo"))).noneMatch(line -> line.contains(root));
    }

    private static Process daemon(Cli cli) throws IOException {
        Process daemon = cli.start("node", "--slots", "1");
        assertThat(daemon.errorReader().readLine()).contains("node ready");
        return daemon;
    }

    private static Process run(Cli cli, Driver driver, String script) throws IOException {
        return cli.start("run", "--driver", driver.toString(), "--", "sh", "-c", script);
    }

    /** Its own name for itself. */
    private static String name(ProcessHandle process) {
        return said(process, "cmdline").split("\0", 2)[0];
    }

    /** Neither gone nor only waiting to be collected by whoever inherited it. */
    private static boolean isRunning(ProcessHandle process) {
        return "ZX-".indexOf(state(process)) < 0;
    }

    /** As proc_pid_stat(5) has it; {@code -} when it is gone. */
    private static char state(ProcessHandle process) {
        String stat = said(process, "stat");
        return stat.isEmpty() ? '-' : stat.charAt(stat.lastIndexOf(')') + 2);
    }

    private static String said(ProcessHandle process, String file) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid(), file));
        } catch (IOException gone) {
            return "";
        }
    }
}
