package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A refused system call, and the reason for it, from the command line. */
class ExplainTest {
    private static final String SCRIPT = "mount -t ext4 /dev/sda1 /mnt; mount -t ext4 /dev/sda1 /mnt; exit 3";

    /** The same through the daemon, whose broker it then is, and while the sandbox runs. */
    @Test
    void theDaemonTellsItToo() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            assertThat(cli.run("sandbox", "ls").errors()).contains("no node daemon runs here");
            Process daemon = cli.start("node", "--slots", "1");
            assertThat(daemon.errorReader().readLine()).contains("node ready");
            Process run = cli.start(
                    "run",
                    "--explain",
                    "--label",
                    "team=ci",
                    "--",
                    "sh",
                    "-c",
                    SCRIPT.replace("exit 3", "echo up; read line; exit 3"));
            assertThat(run.inputReader().readLine()).isEqualTo("up");

            Cli.Said listed = cli.run("sandbox", "ls", "--json");
            Matcher id = Pattern.compile(
                            "\"id\":\"(sbx_[a-z0-9]+)\".*\"refusedCalls\":2,\"labels\":\\{\"team\":\"ci\"}")
                    .matcher(listed.out());
            assertThat(id.find()).as(listed.out()).isTrue();
            assertThat(cli.run("sandbox", "ls").out()).contains(id.group(1)).contains("team=ci");
            assertThat(cli.run("sandbox", "syscalls", id.group(1)).out())
                    .contains(
                            "mount(\"/dev/sda1\", \"/mnt\", \"ext4\", 0x8000, NULL): refused EPERM: changes what a path means")
                    .contains("2 times mount: refused EPERM");
            assertThat(cli.run("sandbox", "syscalls", id.group(1), "--json").out())
                    .contains("\"call\":\"mount\"", "\"outcome\":\"refused\",\"errno\":\"EPERM\"", "\"unrecorded\":0");
            assertThat(cli.run("sandbox", "syscalls", "sbx_" + "a".repeat(26)).exit())
                    .as("not found")
                    .isEqualTo(4);
            assertThat(cli.run("sandbox", "syscalls", "nonsense").exit()).isEqualTo(2);

            run.getOutputStream().close();
            assertThat(run.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).isEqualTo(3);
            assertThat(new String(run.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("refused EPERM, 2 times: changes what a path means");
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void runSaysWhatWasRefusedAndWhy() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Cli.Said said = cli.run("run", "--explain", "--", "sh", "-c", SCRIPT);
            assertThat(said.exit()).isEqualTo(3);
            assertThat(said.out()).isEmpty();
            assertThat(said.errors())
                    .contains("redoubt: 2 system calls were refused:")
                    .containsPattern("mount\\(\"/dev/sda1\", \"/mnt\", \"ext4\", [^)]*\\): refused EPERM, 2 times: "
                            + "changes what a path means");
            // The control: nobody asked, so nobody explains; and nothing to explain is said to be nothing.
            assertThat(cli.run("run", "--", "sh", "-c", SCRIPT).errors()).doesNotContain("refused");
            assertThat(cli.run("run", "--explain", "--", "true").errors()).contains("no system call was refused");
        }
    }
}
