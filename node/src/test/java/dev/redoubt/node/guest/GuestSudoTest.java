package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static dev.redoubt.node.guest.GuestFixture.sh;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The sudo shim, which asks the guest. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuestSudoTest {
    @SuppressWarnings("NullAway.Init")
    private GuestFixture guest;

    @BeforeAll
    void start() {
        guest = GuestFixture.start();
        guest.install("redoubt-sudo", "/tmp/sudo");
    }

    @AfterAll
    void stop() {
        guest.close();
    }

    @Test
    void aJobBecomesRootWithTheProfilesCapabilitiesAndNoMore() {
        var ended = guest.run("""
                id -u; /tmp/sudo id -u; /tmp/sudo -n grep -E '^Cap(Eff|Bnd)' /proc/self/status | cut -f2
                /tmp/sudo -u other id -un; /tmp/sudo -u '#1001' -g extra id -G; /tmp/sudo -u other grep CapEff /proc/self/status | cut -f2""");
        assertThat(ended.output().errors()).isEmpty();
        assertThat(ended.text())
                .isEqualTo("1000\n0\n00000000000000cb\n00000000000000cb\nother\n44\n0000000000000000\n");
    }

    @Test
    void streamsAreTheAskersOwn() {
        var ended = guest.run("cd /var; echo in | /tmp/sudo sh -c 'cat; pwd; echo err >&2; exit 7'; echo $?");
        assertThat(ended.text()).isEqualTo("in\n/var\n7\n");
        assertThat(ended.output().errors()).isEqualTo("err\n");
        assertThat(guest.run("seq 1000000 | /tmp/sudo cat | md5sum").text())
                .isEqualTo(guest.run("seq 1000000 | md5sum").text());
    }

    @Test
    void theEnvironmentIsAsSudoHasIt() {
        String print = " sh -c 'echo $HOME $USER $SUDO_USER $SUDO_UID $FOO $BAR $TERM'";
        String set = "export FOO=foo TERM=dumb; /tmp/sudo";
        assertThat(guest.run(set + print).text()).isEqualTo("/root root user 1000 dumb\n");
        assertThat(guest.run(set + " -E" + print).text()).isEqualTo("/root root user 1000 foo dumb\n");
        assertThat(guest.run(set + " BAR=bar" + print).text()).isEqualTo("/root root user 1000 bar dumb\n");
        assertThat(guest.run("/tmp/sudo -i echo 'a  b' \\$HOME").text()).isEqualTo("a  b $HOME\n");
        assertThat(guest.run("/tmp/sudo -u other -i pwd").text()).isEqualTo("/\n");
        assertThat(guest.run("/tmp/sudo -s 'echo' '*'").text()).isEqualTo("*\n");
    }

    @Test
    void failuresHaveTheCodesOfAShell() {
        assertThat(guest.run("/tmp/sudo no-such-program; echo $?").text()).isEqualTo("127\n");
        assertThat(guest.run("/tmp/sudo /etc/passwd; echo $?").text()).isEqualTo("126\n");
        assertThat(guest.run("/tmp/sudo sh -c 'kill -TERM $$'; echo $?").text()).isEqualTo("143\n");
        assertThat(guest.run("/tmp/sudo; echo $?").text()).isEqualTo("1\n");
        assertThat(guest.run("/tmp/sudo -u 65533 id; echo $?").text()).isEqualTo("126\n");
    }

    @Test
    void signalsAreHandedOnAndHangingUpKills() {
        assertThat(guest.run("""
                /tmp/sudo sh -c 'trap "echo got TERM; exit 5" TERM; echo ready > /tmp/ready; while :; do sleep 0.02; done' &
                while ! test -e /tmp/ready; do sleep 0.02; done
                kill -TERM $!; wait $!; echo $?""").text()).isEqualTo("got TERM\n5\n");
        GuestJob job = guest.channel().run(sh("/tmp/sudo sleep 5678"), (j, o) -> {});
        Eventually.holds(() ->
                guest.run("pgrep -f '[s]udo sleep 5678' && pgrep -x sleep").code() == 0);
        job.close(); // SIGKILL: the shim has no chance to say anything
        Eventually.holds(() -> guest.run("pgrep -f '[s]leep 5678'").code() == 1);
    }

    @Test
    void aCommandOnATerminalHasATerminalOfItsOwn() throws Exception {
        CollectedOutput output = new CollectedOutput(10_000);
        String script = "/tmp/sudo sh -c 'tty; stty size; echo x > /dev/tty; trap \"echo got INT; exit 3\" INT; "
                + "echo ready; while :; do sleep 0.02; done'; echo code $?; stty -a | grep -o ' icanon'";
        try (GuestJob job = guest.channel().run(sh(script).withTerminal(new TerminalSize(33, 44)), output)) {
            Eventually.holds(() -> output.text().contains("ready"));
            job.write(ByteBuffer.wrap(new byte[] {3}));
            await(job.exit());
        }
        assertThat(output.text().replace("\r", "").replace("^C", "").lines().map(String::strip))
                .containsExactly("/dev/pts/1", "33 44", "x", "ready", "got INT", "code 3", "icanon");
    }

    @Test
    void withoutTheOptionThereIsNoRoot() {
        try (GuestFixture strict = GuestFixture.start("switch")) {
            strict.install("redoubt-sudo", "/tmp/sudo");
            var ended = strict.run("/tmp/sudo id");
            assertThat(ended.code()).isEqualTo(1);
            assertThat(ended.output().errors()).contains("this sandbox gives no root");
        }
    }

    @Test
    void aLargeCommandGoesThrough() {
        String words = "x".repeat(1000) + " ";
        var request = RunRequest.exec("/bin/sh", "-c", "set -- $W $W $W $W $W; /tmp/sudo sh -c 'echo $#' sh \"$@\"")
                .withUser("user")
                .withEnvironment(java.util.Map.of("W", words.repeat(100)));
        assertThat(new String(guest.run(request).output().out(), StandardCharsets.UTF_8))
                .isEqualTo("500\n");
    }
}
