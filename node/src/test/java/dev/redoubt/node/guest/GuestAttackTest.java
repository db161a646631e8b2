package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static dev.redoubt.node.guest.GuestFixture.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a hostile job does to the guest, and that others do not notice. */
class GuestAttackTest {
    private static final Duration SOON = Duration.ofSeconds(2);

    private GuestFixture guest = GuestFixture.start();

    @BeforeEach
    void install() {
        guest.install("guest-attack", "/tmp/attack");
    }

    @AfterEach
    void stop() {
        guest.close();
    }

    private void guestIsWell() {
        assertThat(guest.channel().ping()).succeedsWithin(SOON);
        assertThat(guest.run("echo well").text()).isEqualTo("well\n");
    }

    @Test
    void garbageAtTheSudoSocketIsShutOut() {
        assertThat(guest.run("/tmp/attack garbage").text()).isEqualTo("done\n");
        guestIsWell();
        guest.install("redoubt-sudo", "/tmp/sudo");
        assertThat(guest.run("/tmp/sudo id -u").text()).isEqualTo("0\n");
    }

    @Test
    void aFullSudoSocketStopsSudoAndNothingElse() throws Exception {
        CollectedOutput output = new CollectedOutput(100);
        try (GuestJob attack = guest.channel().run(sh("/tmp/attack fill").withInput(), output)) {
            Eventually.holds(() -> output.text().startsWith("opened"));
            int opened =
                    Integer.parseInt(output.text().substring("opened ".length()).strip());
            assertThat(opened).isPositive().isLessThan(200); // doors and backlog have an end
            guestIsWell();
            assertThat(guest.residentKilobytes()).isLessThan(500);
            attack.closeInput();
            await(attack.exit());
        }
        guest.install("redoubt-sudo", "/tmp/sudo");
        assertThat(guest.run("/tmp/sudo id -u").text()).isEqualTo("0\n");
    }

    @Test
    void aDescriptorWhoseCloseBlocksDoesNotBlockTheGuest() {
        CollectedOutput output = new CollectedOutput(100);
        try (GuestJob attack = guest.channel().run(sh("/tmp/attack linger").withInput(), output)) {
            Eventually.holds(() -> output.text().endsWith("sent\n"));
            assertThat(output.text()).startsWith("close blocks\n"); // the control
            for (int i = 0; i < 20; i++) {
                guestIsWell();
            }
            assertThat(attack.exit()).isNotDone();
        }
    }

    @Test
    void nobodyCanSignalTheGuest() {
        assertThat(guest.run("/tmp/attack signal").text()).isEqualTo("sent 0\n");
        // root inside has no CAP_KILL either
        var root =
                sh("/tmp/attack signal").withUser("0").withCapabilities(GuestFixture.PACKAGES, GuestFixture.PACKAGES);
        assertThat(guest.run(root).text()).isEqualTo("sent 0\n");
        guestIsWell();
    }

    @Test
    void aGuestOfTheSameIdOutlivesEverySignal() {
        try (GuestFixture single = GuestFixture.start("single")) {
            RunRequest copy =
                    RunRequest.exec("/bin/sh", "-c", "for i in $(seq 64); do kill -$i 1 2>/dev/null && echo $i; done");
            CollectedOutput output = new CollectedOutput(1000);
            try (GuestJob job = single.channel().run(copy, output)) {
                await(job.exit());
            }
            assertThat(output.text().lines()).contains("9", "15", "19"); // the control: they were sent
            assertThat(single.channel().ping()).succeedsWithin(SOON);
        }
    }

    @Test
    void nothingOfTheGuestCanBeLookedAt() {
        String nothing = """
                ptrace: no
                prlimit: no
                process_vm_readv: no
                mem: no
                fd: no
                environ: no
                pidfd_getfd: no
                oom_score_adj: no
                """;
        assertThat(guest.run("/tmp/attack inspect").text()).isEqualTo(nothing);
        // the control: the same program can look at a process that is not the guest
        String other = "exec 3</dev/null; sleep 10 & readlink /proc/$!/fd/3; kill $!";
        assertThat(guest.run(other).text()).isEqualTo("/dev/null\n");
        guestIsWell();
    }

    @Test
    void theFiveHundredThirteenthJobIsRefusedAndTheFirstIsServed() {
        List<GuestJob> jobs = new ArrayList<>();
        for (int i = 0; i < 512; i++) {
            jobs.add(guest.channel().run(sh("exec sleep 1000"), (j, o) -> {}));
        }
        jobs.forEach(job -> await(job.started()));
        try (GuestJob late = guest.channel().run(sh("true"), (j, o) -> {})) {
            assertThat(await(late.exit()))
                    .isInstanceOfSatisfying(
                            JobExit.NotStarted.class,
                            exit -> assertThat(exit.errno()).isEqualTo(Errno.EAGAIN));
        }
        assertThat(await(guest.channel().list())).hasSize(512);
        assertThat(guest.residentKilobytes()).isLessThan(1000);
        jobs.forEach(GuestJob::close);
        guestIsWell();
        Eventually.holds(() -> guest.run("pgrep -xc sleep").text().equals("0\n"));
    }

    @Test
    void aForkBombIsReapedWithoutSilencingTheChannel() {
        var bomb = sh("for i in $(seq 3000); do (setsid true &) ; done")
                .withLimits(List.of(new RunRequest.Limit(6, 4000, 4000)));
        try (GuestJob job = guest.channel().run(bomb, (j, o) -> {})) {
            while (!job.exit().isDone()) {
                assertThat(guest.channel().ping()).succeedsWithin(SOON);
            }
        }
        Eventually.holds(
                () -> guest.run("ls -d /proc/[0-9]* | wc -l").text().strip().matches("[1-6]"));
    }
}
