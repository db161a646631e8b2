package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Limits of time when nobody who asked for them can hold them: the client is stopped, the node is killed. Each has a control
 * beside it that has no limit and runs on.
 */
class TimeLimitTest {
    /** Its command line tells the job from all others. */
    private static final String LIMITED = "3600.1";

    private static final String ALSO_LIMITED = "3600.2";
    private static final String UNLIMITED = "3600.3";

    /** One second, two of grace, and a slow machine. */
    private static final int ENDED_BY_NOW = 8;

    private final List<Process> started = new ArrayList<>();

    /** A stopped process would outlive a test that failed. */
    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void aStoppedRunEndsAtItsTimeLimit() throws Exception {
        endsThoughItsRunIsStopped("--timeout", "time limit of 1 s reached");
    }

    @Test
    void aStoppedRunEndsAtItsIdleLimit() throws Exception {
        endsThoughItsRunIsStopped("--idle", "idle limit of 1 s reached");
    }

    private void endsThoughItsRunIsStopped(String limit, String reason) throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process control = startAndStop(place, cli, UNLIMITED);
            Process limited = startAndStop(place, cli, LIMITED, limit, "1s");

            Place.until(
                    "the sandbox ends", ENDED_BY_NOW, () -> jobs(place, LIMITED).isEmpty());
            assertThat(jobs(place, UNLIMITED)).as("control: without a limit").hasSize(1);

            signal("CONT", limited, control);
            assertThat(limited.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(limited.exitValue()).isEqualTo(124);
            assertThat(limited.errorReader().readLine()).isEqualTo("redoubt: " + reason);
            control.destroyForcibly().waitFor();
            isSwept(place);
        }
    }

    /** The daemon was killed and does not come back, and the clients are stopped: only what is below them is left. */
    @Test
    void limitsOutliveTheDaemonAndItsClients() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Process control = startAndStop(place, cli, UNLIMITED);
            Process timed = startAndStop(place, cli, LIMITED, "--timeout", "1s");
            Process idle = startAndStop(place, cli, ALSO_LIMITED, "--idle", "1s");
            daemon.destroyForcibly().waitFor();

            Place.until(
                    "one sandbox ends", ENDED_BY_NOW, () -> jobs(place, LIMITED).isEmpty());
            Place.until(
                    "the other ends",
                    ENDED_BY_NOW,
                    () -> jobs(place, ALSO_LIMITED).isEmpty());
            assertThat(jobs(place, UNLIMITED)).as("control: without a limit").hasSize(1);

            for (Process client : List.of(timed, idle, control)) {
                client.destroyForcibly().waitFor();
            }
            place.spawners().forEach(ProcessHandle::destroyForcibly);
            isSwept(place);
        }
    }

    /** A limit that was given to one daemon holds under the next. */
    @Test
    void aLimitHoldsUnderTheNextDaemon() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Process limited = start(cli, LIMITED, "--timeout", "5s");
            daemon.destroyForcibly().waitFor();
            daemon = daemon(cli);
            signal("STOP", limited);
            assertThat(jobs(place, LIMITED)).hasSize(1);
            Place.until(
                    "the sandbox ends", ENDED_BY_NOW, () -> jobs(place, LIMITED).isEmpty());
            signal("CONT", limited);
            assertThat(limited.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(limited.exitValue()).isEqualTo(124);
            assertThat(limited.errorReader().readLine()).isEqualTo("redoubt: time limit of 5 s reached");
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            isSwept(place);
        }
    }

    /** Starts a run whose job has started, and ignores every signal that it can. */
    private Process start(Cli cli, String job, String... limit) throws IOException {
        List<String> command = new ArrayList<>(List.of("run"));
        command.addAll(Arrays.asList(limit));
        command.addAll(List.of("--", "sh", "-c", "trap '' TERM INT HUP; echo up; sleep " + job));
        Process run = cli.start(command.toArray(String[]::new));
        started.add(run);
        assertThat(run.inputReader().readLine()).isEqualTo("up");
        return run;
    }

    /** The same, stopped as soon as its job is there. */
    private Process startAndStop(Place place, Cli cli, String job, String... limit) throws Exception {
        Process run = start(cli, job, limit);
        signal("STOP", run);
        Place.until("the job is there", 1, () -> jobs(place, job).size() == 1);
        return run;
    }

    private Process daemon(Cli cli) throws IOException {
        Process daemon = cli.start("node", "--slots", "2");
        started.add(daemon);
        assertThat(daemon.errorReader().readLine()).contains("node ready");
        return daemon;
    }

    /** Once everything is dead, the next node removes what is left. */
    private static void isSwept(Place place) throws Exception {
        Place.until("spawners end", 10, () -> place.processes().isEmpty());
        try (Node node = Node.open(place.settings())) {
            assertThat(node.adopted()).isEmpty();
        }
        assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
    }

    private static List<ProcessHandle> jobs(Place place, String job) throws IOException {
        return place.processes().stream()
                .filter(process -> commandLine(process).equals("sleep\0" + job + "\0"))
                .toList();
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid(), "cmdline"));
        } catch (IOException gone) {
            return "";
        }
    }

    private static void signal(String name, Process... processes) throws Exception {
        for (Process process : processes) {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
            assertThat(kill.waitFor()).isZero();
        }
    }
}
