package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static dev.redoubt.node.guest.GuestFixture.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.guest.JobExit.NotStarted;
import dev.redoubt.node.guest.JobExit.Signalled;
import dev.redoubt.node.guest.JobExit.StartStep;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Jobs as they start and end, on a real guest. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("vm")
class GuestJobTest {
    @SuppressWarnings("NullAway.Init")
    private GuestFixture guest;

    @BeforeAll
    void start() {
        guest = GuestFixture.start();
    }

    @AfterAll
    void stop() {
        guest.close();
    }

    @Test
    void theGuestSaysWhoItIs() {
        assertThat(await(guest.channel().ready())).isEqualTo(new GuestChannel.GuestReady(1, 65_533, 0x1eb));
    }

    @Test
    void aJobPrintsAndExits() {
        var ended = guest.run("echo out; echo err >&2; exit 7");
        assertThat(ended.code()).isEqualTo(7);
        assertThat(ended.text()).isEqualTo("out\n");
        assertThat(ended.output().errors()).isEqualTo("err\n");
        assertThat(ended.exit().usage().maxMemoryBytes()).isPositive();
    }

    @Test
    void everyExitCodeArrives() {
        for (int code : new int[] {0, 1, 126, 127, 128, 255}) {
            assertThat(guest.run("exit " + code).code()).isEqualTo(code);
        }
    }

    @Test
    void aSignalIsToldFromAnExit() {
        assertThat(guest.run("kill -9 $$").exit())
                .isInstanceOfSatisfying(
                        Signalled.class, exit -> assertThat(exit.signal()).isEqualTo(9));
        assertThat(guest.run("exit 137").code()).isEqualTo(137);
    }

    @Test
    void whatCannotStartNamesItsStep() {
        assertNotStarted(RunRequest.exec("no-such-program").withUser("user"), StartStep.EXEC, Errno.ENOENT);
        assertNotStarted(RunRequest.exec("/etc/passwd").withUser("user"), StartStep.EXEC, Errno.EACCES);
        assertNotStarted(RunRequest.exec("").withUser("user"), StartStep.EXEC, Errno.ENOENT);
        assertNotStarted(sh("true").withDirectory("/nowhere"), StartStep.CWD, Errno.ENOENT);
        assertNotStarted(sh("true").withUser("ghost"), StartStep.USER, Errno.ENOENT);
        assertNotStarted(sh("true").withUser("user:ghosts"), StartStep.USER, Errno.ENOENT);
        assertNotStarted(sh("true").withUser("70000"), StartStep.IDS, Errno.EINVAL);
        assertNotStarted(sh("true").withUser("0").withCapabilities(1L << 21, -1), StartStep.CAPABILITIES, Errno.EPERM);
        assertNotStarted(
                sh("true").withLimits(List.of(new RunRequest.Limit(99, 1, 1))), StartStep.LIMITS, Errno.EINVAL);
    }

    @Test
    void nobodyGetsTheGuestsOwnId() {
        for (String user : List.of("", "65533", "taken", "user:65533", "user:taken", "4294967295")) {
            var exit = guest.run(sh("id").withUser(user)).exit();
            assertThat(exit)
                    .as(user)
                    .isInstanceOfSatisfying(
                            NotStarted.class, why -> assertThat(why.step()).isEqualTo(StartStep.USER));
        }
        assertThat(guest.run("id -G").text()).isEqualTo("1000 44\n"); // not 65533, though /etc/group says so
    }

    private void assertNotStarted(RunRequest request, StartStep step, int errno) {
        var exit = guest.run(request).exit();
        assertThat(exit).isInstanceOfSatisfying(NotStarted.class, why -> {
            assertThat(why.step()).isEqualTo(step);
            assertThat(why.errno()).isEqualTo(errno);
        });
    }

    @Test
    void usersAreLookedUpInside() {
        assertThat(guest.run(sh("id -u; id -g; pwd; echo $HOME $USER $LOGNAME $SHELL"))
                        .text())
                .isEqualTo("1000\n1000\n/tmp\n/tmp user user /bin/sh\n");
        assertThat(guest.run(sh("id -u; id -G; pwd; echo $HOME $SHELL").withUser("1001"))
                        .text())
                .isEqualTo("1001\n1001 44\n/\n/nowhere /bin/sh\n");
        assertThat(guest.run(sh("id -u; id -G; echo $USER").withUser("4711")).text())
                .isEqualTo("4711\n4711\n4711\n");
        assertThat(guest.run(sh("id -u; id -G").withUser("user:extra")).text()).isEqualTo("1000\n44\n");
        assertThat(guest.run(sh("id -u; id -G").withUser("1000:5")).text()).isEqualTo("1000\n5\n");
    }

    @Test
    void aJobHoldsNothingOfTheGuests() {
        String facts = "grep -E '^(Cap|NoNew|SigBlk|SigIgn|Groups)' /proc/self/status; ls /proc/self/fd | wc -l";
        assertThat(guest.run(facts).text()).matches("""
                Groups:\t44\\s
                SigBlk:\t0000000000000000
                SigIgn:\t0000000000000000
                CapInh:\t0000000000000000
                CapPrm:\t0000000000000000
                CapEff:\t0000000000000000
                CapBnd:\t0000000000000000
                CapAmb:\t0000000000000000
                NoNewPrivs:\t1
                4
                """);
        assertThat(guest.run("cat /proc/self/oom_score_adj; ulimit -n").text()).startsWith("500\n");
    }

    @Test
    void rootKeepsExactlyItsMaskThroughExec() {
        var root = sh("grep -E '^Cap' /proc/self/status | cut -f2")
                .withUser("root")
                .withCapabilities(GuestFixture.PACKAGES, GuestFixture.PACKAGES);
        String none = "0000000000000000\n";
        String packages = "00000000000000cb\n";
        assertThat(guest.run(root).text()).isEqualTo(none + packages + packages + packages + none);
        assertThat(guest.run(root.withCapabilities(1, GuestFixture.PACKAGES)).text())
                .isEqualTo(none + "0000000000000001\n0000000000000001\n" + packages + none);
    }

    @Test
    void environmentAndLimitsAreAsAsked() {
        var request = RunRequest.exec("/usr/bin/env")
                .withUser("user")
                .withEnvironment(Map.of("PATH", "/bin", "HOME", "/var", "ODD", "a=b\nc"));
        assertThat(guest.run(request).text().lines())
                .contains("PATH=/bin", "HOME=/var", "USER=user", "LOGNAME=user", "SHELL=/bin/sh", "ODD=a=b", "c");
        var limited = sh("ulimit -n; ulimit -Hn").withLimits(List.of(new RunRequest.Limit(7, 64, 128)));
        assertThat(guest.run(limited).text()).isEqualTo("64\n128\n");
        var raised = sh("echo still there").withLimits(List.of(new RunRequest.Limit(7, 64, 1 << 20)));
        assertThat(guest.run(raised).text()).isEqualTo("still there\n"); // EPERM is tolerated
    }

    @Test
    void everyByteButNulIsAnArgument() {
        byte[] all = new byte[255];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i + 1);
        }
        var request = RunRequest.of(new Work.Exec(List.of(Bytes.of("/usr/bin/printf"), Bytes.of("%s"), Bytes.of(all))))
                .withUser("user");
        assertThat(guest.run(request).output().out()).isEqualTo(all);
    }

    @Test
    void aLargeRequestComesInPieces() {
        String word = "x".repeat(100_000);
        var request = RunRequest.exec("/bin/sh", "-c", "echo ${#1} ${#2} ${#3} ${#4}", "sh", word, word, word, word)
                .withUser("user");
        assertThat(guest.run(request).text()).isEqualTo("100000 100000 100000 100000\n");
    }

    @Test
    void aJobThatClosesItsOutputIsWaitedFor() {
        var ended = guest.run("exec >&- 2>&-; sleep 0.2; exit 3");
        assertThat(ended.code()).isEqualTo(3);
        assertThat(ended.text()).isEmpty();
    }

    @Test
    void whatABackgroundChildHoldsOpenDoesNotDelayTheEnd() {
        long before = System.nanoTime();
        var ended = guest.run("echo now; (sleep 30; echo late) & exit 4");
        assertThat(ended.code()).isEqualTo(4);
        assertThat(ended.text()).isEqualTo("now\n");
        assertThat(System.nanoTime() - before).isLessThan(5_000_000_000L);
        assertThat(guest.run("pgrep -x sleep > /dev/null && echo lives; pkill -x sleep")
                        .text())
                .isEqualTo("lives\n");
    }

    @Test
    void anEndlessBackgroundWriterDoesNotDelayTheEndEither() {
        var ended = guest.run("(while :; do echo y; done) & sleep 0.1; exit 5");
        assertThat(ended.code()).isEqualTo(5);
        assertThat(ended.text()).startsWith("y\ny\n");
    }

    @Test
    void orphansAreReaped() {
        guest.run("for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'sleep 0.05 & exit' &) ; done");
        assertThat(guest.run("""
                for i in $(seq 100); do
                    grep -h State /proc/[0-9]*/status 2>/dev/null | grep -q zombie || pgrep -x sleep > /dev/null || exit 0
                    sleep 0.05
                done
                exit 1""").code()).isZero();
        assertThat(guest.run("cat /proc/[0-9]*/status | grep -c zombie").text()).isEqualTo("0\n");
    }

    @Test
    void signalsReachTheGroupOrTheWholeSession() {
        try (GuestJob job = guest.channel().run(sh("trap 'exit 9' TERM; while :; do sleep 0.05; done"), (j, o) -> {})) {
            await(job.started());
            job.signal(15);
            var exit = await(job.exit());
            // the shell may not have got as far as its trap
            assertThat(exit instanceof Signalled || (exit instanceof JobExit.Exited(int code, JobUsage u) && code == 9))
                    .isTrue();
        }
        // an interactive shell gives its background job a group of its own; the session has it all the same
        String script = "set -m; sleep 1234 & echo ready; wait";
        CollectedOutput output = new CollectedOutput(100);
        try (GuestJob job = guest.channel().run(sh(script), output)) {
            Eventually.holds(() -> output.text().equals("ready\n"));
            job.signalSession(9);
            assertThat(await(job.exit())).isInstanceOf(Signalled.class);
        }
        assertThat(guest.run("pgrep -f '[s]leep 1234' | wc -l").text()).isEqualTo("0\n");
    }

    @Test
    void closingARunningJobKillsItsSession() {
        GuestJob job = guest.channel().run(sh("sleep 4321 & sleep 4321"), (j, o) -> {});
        await(job.started());
        Eventually.holds(() -> guest.run("pgrep -xc sleep").text().equals("2\n"));
        job.close();
        Eventually.holds(
                () -> guest.run("pgrep -f '[s]leep 4321' | wc -l").text().equals("0\n"));
        assertThat(await(guest.channel().list())).isEmpty();
    }

    @Test
    void aJobIsListedUntilItsEndIsAcknowledged() {
        GuestJob job = guest.channel().run(sh("echo hello"), (j, o) -> {});
        await(job.exit());
        assertThat(await(guest.channel().list())).containsExactly(new JobState(job.number(), 0, true, 3, 0, 0));
        job.close();
        assertThat(await(guest.channel().list())).isEmpty();
    }
}
