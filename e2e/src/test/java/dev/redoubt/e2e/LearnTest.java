package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.InsidePath;
import dev.redoubt.protocol.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code profile learn}: what was learnt lets the command pass, and little else. */
class LearnTest {
    private static Place place;
    private static Cli cli;

    @BeforeAll
    static void place() throws IOException {
        place = Place.make();
        cli = new Cli(place);
    }

    @AfterAll
    static void nothingIsLeft() throws IOException {
        assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        place.close();
    }

    private static Profile learnt(Cli.Said said) {
        assertThat(said.exit()).as(said.errors()).isZero();
        return ProfileReader.alone().read("learnt", said.out());
    }

    @Test
    void whatIsLearntPassesAndNothingElse() throws Exception {
        Cli.Said said = cli.run(
                "profile", "learn", "--", "sh", "-c", "echo x >/tmp/f; mv /tmp/f /tmp/g; ifconfig lo; cat /tmp/g");
        assertThat(said.errors()).contains("inet addr:127.0.0.1").endsWith("x\n");
        Profile profile = learnt(said);
        assertThat(profile.users()).isEqualTo(Profile.Users.SINGLE);
        assertThat(profile.root()).isEqualTo(Profile.Root.NONE);
        assertThat(profile.files().readOnlyRoot()).isTrue();
        assertThat(profile.calls().groups()).isEmpty();
        assertThat(profile.calls().calls())
                .containsKeys("rename", "socket")
                .doesNotContainKeys("mkdir", "bind", "shmget");
        assertThat(profile.calls().calls().get("socket"))
                .isInstanceOfSatisfying(
                        CallRule.Allow.class,
                        socket -> assertThat(socket.onlyWhen()).isNotEmpty());

        Path file = Files.writeString(place.file("learnt.yaml"), said.out());
        Cli.Said again = cli.run(
                "run", "--profile", file.toString(), "--", "sh", "-c", "echo x >/tmp/f; mv /tmp/f /tmp/g; cat /tmp/g");
        assertThat(again.out()).as(again.errors()).isEqualTo("x\n");
        String other = "mkdir /tmp/d; nc -w 1 127.0.0.1 1; : >/etc/x";
        Cli.Said refused = cli.run("run", "--profile", file.toString(), "--", "sh", "-c", other);
        assertThat(refused.errors())
                .contains("can't create directory '/tmp/d': Operation not permitted")
                .doesNotContain("Connection refused")
                .contains("Read-only file system");
        assertThat(cli.run("run", "--user", "root", "--", "sh", "-c", other).errors())
                .as("the control, in default")
                .isEqualTo("nc: can't connect to remote host (127.0.0.1): Connection refused\n");
        Files.delete(file);
    }

    /** Made, changed, removed, or gone again: each in a directory of the image. */
    @Test
    void whoWritesInAFewDirectoriesGetsThoseOnly() throws Exception {
        String work =
                "set -e; mkdir /home/user/cache; echo kept >/home/user/cache/f; echo x >/var/tmp/f; rm /var/tmp/f; "
                        + "cat /home/user/cache/f";
        Cli.Said said = cli.run("profile", "learn", "--user", "root", "--", "sh", "-c", "mkdir -p /var/tmp; " + work);
        Profile profile = learnt(said);
        assertThat(profile.files().readOnlyRoot()).isTrue();
        assertThat(profile.files().with(FileRules.Access.WRITABLE))
                .extracting(InsidePath::text)
                .containsExactlyInAnyOrder("/home/user", "/var/tmp");

        Path file = Files.writeString(place.file("learnt.yaml"), said.out());
        String[] run = {"run", "--profile", file.toString(), "--user", "root", "--", "sh", "-c", work};
        assertThat(cli.run(run).out()).isEqualTo("kept\n");
        run[run.length - 1] = "for d in /home/user /var/tmp /home /etc /var; do echo x >$d/new && echo $d; done";
        Cli.Said refused = cli.run(run);
        assertThat(refused.out()).isEqualTo("/home/user\n/var/tmp\n");
        assertThat(refused.errors()).contains("/home/new: Read-only file system");
        run[2] = "default";
        assertThat(cli.run(run).out()).as("the control").isEqualTo("/home/user\n/var/tmp\n/home\n/etc\n/var\n");
        Files.delete(file);
    }

    /** The exit code is the same without the file; what it prints is not. */
    @Test
    void whoWritesToTheRootGetsAWritableOne() throws Exception {
        Cli.Said said = cli.run(
                "profile",
                "learn",
                "--name",
                "root-writer",
                "--user",
                "root",
                "--",
                "sh",
                "-c",
                "echo kept >/f; cat /f; chown 5 /f; exit 7");
        Profile profile = learnt(said);
        assertThat(profile.name()).isEqualTo("root-writer");
        assertThat(profile.files().readOnlyRoot()).isFalse();
        assertThat(profile.root()).isEqualTo(Profile.Root.PACKAGES);
        assertThat(profile.calls().calls())
                .doesNotContainKeys("bind", "listen"); // process 1 does, for sudo; no job did
    }

    /** While it learns, a sandbox is as confined as ever. */
    @Test
    void anAuditLetsNothingPassThatTheProfileDoesNot() throws Exception {
        Cli.Said said = cli.run(
                "profile",
                "learn",
                "--memory",
                "64M",
                "--",
                "sh",
                "-c",
                "mount -t proc proc /tmp; unshare -m true; chroot / true; free | head -n 2; sysctl -w kernel.hostname=x; exit 0");
        assertThat(said.errors())
                .contains("mount: permission denied")
                .containsPattern("unshare.*: Operation not permitted")
                .containsPattern("chroot.*: Operation not permitted")
                .containsPattern("Mem: +65536 ");
        assertThat(learnt(said).calls().calls()).doesNotContainKeys("mount", "unshare", "chroot");
    }

    @Test
    void whatCannotBeLearnt() throws Exception {
        Cli.Said missing = cli.run("profile", "learn", "--", "no-such-command");
        assertThat(missing.exit()).isEqualTo(1);
        assertThat(missing.errors()).contains("the command was not started: exec: ENOENT");
        assertThat(missing.out()).isEmpty();
        Cli.Said patterns = cli.run("profile", "learn", "--profile", patterned().toString(), "--", "true");
        assertThat(patterns.exit()).isEqualTo(1);
        assertThat(patterns.errors()).contains("has no audit");
        Files.delete(place.file("patterned.yaml"));
    }

    /** Every sandbox has another boot id: by chance, once in a hundred times, its first byte is the same twice. */
    @Test
    void whatDoesNotDoTheSameEachTimeTeachesNothing() throws Exception {
        String changing = "exit $((0x$(cut -c 1-2 /proc/sys/kernel/random/boot_id)))";
        boolean refused = false;
        for (int i = 0; i < 3 && !refused; i++) {
            Cli.Said said = cli.run("profile", "learn", "--", "sh", "-c", changing);
            refused = said.exit() == 1
                    && said.errors().contains("does not do the same each time")
                    && said.out().isEmpty();
        }
        assertThat(refused).isTrue();
    }

    private static Path patterned() throws IOException {
        return Files.writeString(
                place.file("patterned.yaml"), "extends: default\nfilesystem: {patterns: ['**/.env']}\n");
    }
}
