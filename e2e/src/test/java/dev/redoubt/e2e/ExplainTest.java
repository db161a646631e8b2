package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A refused system call, and the reason for it, from the command line. */
class ExplainTest {
    private static final String SCRIPT = "mount -t ext4 /dev/sda1 /mnt; mount -t ext4 /dev/sda1 /mnt; exit 3";

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
