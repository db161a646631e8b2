package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.daemon.NodeClient;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.SandboxSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** kill -9 under sandboxes that an OCI runtime built: {@link CrashTest} for them. */
class DriversCrashTest {
    private static final long SEED = Long.getLong("redoubt.seed", 4711);
    private static final int LINES = 100;
    private static final List<Driver> RUNTIMES = List.of(Driver.CRUN, Driver.GVISOR);

    @BeforeAll
    static void runtimes() {
        assumeTrue(Node.isInstalled(Driver.CRUN) && Node.isInstalled(Driver.GVISOR), "crun or runsc is not installed");
    }

    /** Each counts, prints, and ends with 42; its daemon is killed twice meanwhile. */
    @Test
    void aDaemonMayDieAtAnyMoment() throws Exception {
        Random random = new Random(SEED);
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Map<Driver, Process> runs = new EnumMap<>(Driver.class);
            Map<Driver, Integer> expected = new EnumMap<>(Driver.class);
            for (Driver driver : RUNTIMES) {
                runs.put(driver, run(cli, driver, "i=0; while [ $i -lt " + LINES + " ]; do echo $i; i=$((i+1));"
                        + " sleep 0.02; done; exit 42"));
                expected.put(driver, 0);
            }
            for (int deaths = 0; deaths < 2; deaths++) {
                for (Driver driver : RUNTIMES) {
                    takeLines(runs, driver, expected, 10 + random.nextInt(20));
                }
                daemon.destroyForcibly().waitFor();
                TimeUnit.MILLISECONDS.sleep(random.nextInt(200));
                daemon = daemon(cli);
            }
            assertWallsAreKnown(place);
            for (Driver driver : RUNTIMES) {
                takeLines(runs, driver, expected, LINES - expected.get(driver));
                assertThat(runs.get(driver).inputReader().readLine()).as("%s", driver).isNull();
                assertThat(runs.get(driver).waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(runs.get(driver).exitValue()).as("%s", driver).isEqualTo(42);
            }
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the daemon's spawner ends", 10, () -> place.processes().isEmpty());
            assertNothingIsLeft(place);
        }
    }

    /** By the third daemon, of sandboxes that the first launched: from the journal. */
    private static void assertWallsAreKnown(Place place) throws IOException {
        try (NodeClient client =
                NodeClient.connect(place.settings().nodeSocket()).orElseThrow()) {
            List<WallsReport> reports = client.sandboxes().stream()
                    .map(listed -> client.walls(listed.id()).report())
                    .toList();
            assertThat(reports).extracting(WallsReport::driver).containsExactlyInAnyOrder("crun", "gvisor");
            assertThat(reports).allSatisfy(report -> assertThat(report.worse()).isEmpty());
        }
    }

    private static void takeLines(
            Map<Driver, Process> runs, Driver driver, Map<Driver, Integer> expected, int lines) throws IOException {
        BufferedReader out = runs.get(driver).inputReader();
        for (int i = 0; i < lines; i++) {
            assertThat(out.readLine())
                    .as("%s, seed %d", driver, SEED)
                    .isEqualTo(Integer.toString(expected.merge(driver, 1, Integer::sum) - 1));
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
        assertThat(Files.readAllLines(Path.of("/proc/self/mountinfo")))
                .noneMatch(line -> line.contains(root));
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
