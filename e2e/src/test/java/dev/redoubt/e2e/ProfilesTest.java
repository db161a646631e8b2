package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.label.AppArmor;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.policy.profile.Meaning;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a profile says is what the kernel does, each time with the same command in a sandbox without the rule. */
class ProfilesTest {
    private static Place place;
    private static Node node;

    @BeforeAll
    static void open() throws IOException {
        place = Place.make();
        node = place.open(place.settings());
    }

    @AfterAll
    static void close() throws IOException {
        node.close();
        assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        place.close();
    }

    private static Profile profile(String yaml) {
        return ProfileReader.alone().read("p.yaml", yaml);
    }

    private static SandboxSpec spec(Profile profile, HostMount... mounts) {
        return new SandboxSpec(
                "busybox",
                profile,
                profile.resources().limits(),
                profile.network(),
                false,
                "sandbox",
                List.of(mounts),
                1000);
    }

    /** As root where the profile has one, else as its only user. */
    private static Jobs.Result run(Profile profile, String script, HostMount... mounts) throws Exception {
        try (Sandbox sandbox = node.create(spec(profile, mounts))) {
            long root = Capability.mask(Capability.ofRootJob(profile));
            RunRequest request = RunRequest.exec("sh", "-c", script);
            return Jobs.run(
                    sandbox,
                    profile.users() == Profile.Users.SINGLE
                            ? request
                            : request.withUser("0").withCapabilities(root, root));
        }
    }

    /**
     * A rule, and a command that it stops.
     *
     * @param rule added to {@code extends: default}
     * @param about and {@code says}: what check says of it
     * @param command succeeds without the rule
     * @param error what the command says with it
     */
    record Sample(String rule, String about, String says, String command, String error) {
        @Override
        public String toString() {
            return rule;
        }
    }

    static Stream<Sample> samples() {
        return Stream.of(
                new Sample(
                        "root: none",
                        "root",
                        "nothing that another user may not",
                        "touch /tmp/f; chown 5 /tmp/f",
                        "not permitted"),
                new Sample(
                        "devices: [/dev/null]",
                        "devices",
                        "not /dev/zero, /dev/full",
                        "cat /dev/full | head -c 1 | wc -c | grep 1",
                        "can't open"),
                new Sample(
                        "resources: {pids: 12}",
                        "pids",
                        "12 processes",
                        "for i in $(seq 14); do sleep 1 & done",
                        "can't fork"),
                new Sample(
                        "resources: {disk: 4M}",
                        "disk",
                        "4M written",
                        "head -c 8388608 /dev/zero >/big",
                        "No space left|quota|I/O error"),
                new Sample("filesystem: {root: readonly}", "/", "readonly, but for", "touch /x", "Read-only"),
                new Sample(
                        "filesystem: {readonly: [/etc]}",
                        "/etc",
                        "readonly; by mounts alone",
                        "echo x >>/etc/group",
                        "Read-only"),
                new Sample(
                        "filesystem: {hidden: [/etc/group]}",
                        "/etc/group",
                        "hidden",
                        "cat /etc/group /etc/group | grep root: || echo gone >&2",
                        "gone"),
                new Sample(
                        "filesystem: {patterns: ['/etc/gr*']}",
                        "patterns",
                        "cannot be opened",
                        "cat /etc/group",
                        "can't open"),
                new Sample("filesystem: {hidden: [/etc]}", "/etc", "hidden", "cat /etc/group", "No such file"),
                new Sample("filesystem: {hidden: [/etc/group]}", "/etc/group", "hidden", "rm /etc/group", "busy"),
                // whoever may rename what is above could put another tree in its place
                new Sample(
                        "filesystem: {readonly: [/srv/app/conf]}",
                        "/srv/app/conf",
                        "readonly",
                        "mkdir -p /srv/app/conf; mv /srv /old",
                        "busy"),
                new Sample(
                        "filesystem: {readonly: [/srv/app/conf]}",
                        "/srv/app/conf",
                        "readonly",
                        "mkdir -p /srv/app/conf; mv /srv/app /old",
                        "busy"),
                new Sample(
                        "filesystem: {readonly: [/srv/app/conf]}",
                        "/srv/app/conf",
                        "readonly",
                        "mkdir -p /srv/app/conf; rmdir /srv/app/conf",
                        "busy"),
                new Sample(
                        "filesystem: {readonly: [/srv/app]}",
                        "/srv/app",
                        "readonly",
                        "mkdir -p /srv/app; ln -s /tmp /srv/app/x",
                        "Read-only"),
                new Sample(
                        "syscalls: {deny: [mkdir, mkdirat]}",
                        "mkdir",
                        "refused with EPERM",
                        "mkdir /tmp/d",
                        "not permitted"),
                new Sample(
                        "syscalls: {broker: [{call: rename, error: EACCES}]}",
                        "rename",
                        "refused with EACCES",
                        "touch /tmp/f; mv /tmp/f /tmp/g",
                        "Permission denied"),
                new Sample(
                        "syscalls: {deny: [{call: chmod, when: {mode: {has: S_ISUID}}}]}",
                        "chmod",
                        "when mode has S_ISUID",
                        "touch /tmp/f; chmod 755 /tmp/f; chmod 4755 /tmp/f",
                        "not permitted"),
                new Sample(
                        "syscalls: {deny: ['@network']}",
                        "@network",
                        "refused, but for",
                        "ifconfig lo",
                        "not permitted"),
                new Sample(
                        "syscalls: {allow: [{call: socket, when: {domain: AF_UNIX}}]}",
                        "socket",
                        "only when domain is AF_UNIX",
                        "ifconfig lo",
                        "socket: Protocol not supported"),
                new Sample(
                        "syscalls: {deny: ['@clock-state']}",
                        "@clock-state",
                        "refused: ",
                        "adjtimex",
                        "not permitted"));
    }

    @ParameterizedTest
    @MethodSource
    void samples(Sample sample) throws Exception {
        Profile profile = profile("extends: default\n" + sample.rule + "\n");
        assertThat(Meaning.of(profile)).anySatisfy(statement -> {
            assertThat(statement.about()).isEqualTo(sample.about);
            assertThat(statement.says()).contains(sample.says);
        });
        Jobs.Result without = run(Profile.DEFAULT, sample.command);
        assertThat(without.code()).as("without the rule: " + without.text()).isZero();
        assertThat(without.text()).doesNotContainPattern(sample.error);
        assertThat(run(profile, sample.command).text()).containsPattern(sample.error);
    }

    @Test
    void aReadOnlyRootHasItsExceptions() throws Exception {
        Profile profile = profile("""
                extends: default
                filesystem:
                  root: readonly
                  writable: [/srv/data, /home]
                  readonly: [/srv/data/a/settings]
                """);
        String text = run(profile, """
                        touch /srv/data/x /srv/data/a/y /home/z /tmp/t /run/r && echo written
                        touch /srv/s; touch /etc/e; touch /srv/data/a/settings/q
                        mv /srv/data/a /srv/data/b; rmdir /srv/data/a/settings""").text();
        assertThat(text).startsWith("written\n");
        assertThat(text.lines().filter(line -> line.contains("Read-only file system")))
                .hasSize(3);
        assertThat(text.lines().filter(line -> line.contains("busy"))).hasSize(2);
    }

    /** A mount of the host's that was asked for as read-only stays so, whatever the profile calls writable. */
    @Test
    void noProfileMakesAMountOfTheHostWritable() throws Exception {
        Path shared = Files.createDirectory(place.file("shared"));
        HostMount mount = new HostMount(shared, "/srv/m/w", true);
        Profile profile = profile("extends: default\nfilesystem: {readonly: [/srv/m], writable: [/srv/m/w]}\n");
        assertThat(run(profile, "touch /srv/m/w/x", mount).text()).contains("Read-only file system");
        assertThat(run(profile, "touch /srv/m/w/x && echo control").text()).isEqualTo("control\n");
        assertThat(shared).isEmptyDirectory();
        Files.delete(shared);
    }

    @Test
    void aPathOverASymbolicLinkIsRefusedByName() {
        Profile profile = profile("extends: default\nfilesystem: {hidden: [/bin/sh/x]}\n");
        assertThatThrownBy(() -> node.create(spec(profile)))
                .isInstanceOfSatisfying(
                        Problem.class,
                        problem -> assertThat(problem.detail())
                                .contains("mask /bin/sh/x")
                                .contains("symbolic link"));
    }

    /** The floor: with not one call allowed, process 1 starts a job, hears it and reaps it. */
    @Test
    void aProfileThatAllowsNothingStillStartsAJob() throws Exception {
        Profile nothing = profile("users: single\n");
        assertThat(run(nothing, "echo alive; exec mkdir /tmp/x").text())
                .isEqualTo("alive\nmkdir: can't create directory '/tmp/x': Operation not permitted\n");
        assertThat(run(nothing, "exec ifconfig lo").text()).contains("socket: Operation not permitted");
        assertThat(run(nothing, "sleep 1").code()).isZero();
        assertThat(run(BuiltIns.find("minimal").orElseThrow(), "mkdir /tmp/x && echo control")
                        .text())
                .isEqualTo("control\n");
    }

    @Test
    void whatThisHostCannotIsNeverStarted() {
        assertThatThrownBy(
                        () -> node.create(spec(BuiltIns.find("hostile-tenant").orElseThrow())))
                .isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.code()).isEqualTo(ProblemCode.UNPROCESSABLE);
                    assertThat(problem.detail()).contains("gvisor or microvm").contains("--accept-shared-kernel");
                });
    }

    /** Where there is SELinux, SelinuxTest shows what it is required for. */
    @Test
    void whoRequiresAContextIsRefusedWhereThereIsNone() {
        SandboxSpec labelled = spec(profile("extends: default\nrequire: [selinux]\n"));
        if (Selinux.ofHost() instanceof Selinux.Absent(String reason, String mend)) {
            assertThatThrownBy(() -> node.create(labelled)).isInstanceOfSatisfying(Problem.class, problem -> {
                assertThat(problem.code()).isEqualTo(ProblemCode.WALL_UNAVAILABLE);
                assertThat(problem.detail())
                        .contains("requires selinux: " + reason)
                        .contains(mend);
            });
        } else {
            node.create(labelled).close();
        }
    }

    /** Where there is AppArmor, AppArmorTest shows what it is required for. */
    @Test
    void whoRequiresALabelIsRefusedWhereThereIsNone() {
        SandboxSpec labelled = spec(profile("extends: default\nrequire: [apparmor]\n"));
        if (AppArmor.ofHost() instanceof AppArmor.Absent(String reason, String mend)) {
            assertThatThrownBy(() -> node.create(labelled)).isInstanceOfSatisfying(Problem.class, problem -> {
                assertThat(problem.code()).isEqualTo(ProblemCode.WALL_UNAVAILABLE);
                assertThat(problem.detail())
                        .contains("requires apparmor: " + reason)
                        .contains(mend);
            });
        } else {
            node.create(labelled).close();
        }
        node.create(spec(profile("extends: default\n"))).close(); // control: without it any host will do
    }

    /** Where there is one user, process 1 is the job's own by its id; the kernel would let the job. */
    @Test
    void nobodySlowsProcessOneDown() throws Exception {
        String attacks = "renice -n 19 -p 1; ionice -c 3 -p 1; taskset -p 1 1";
        String control = "sleep 9 & renice -n 5 -p $!; ionice -c 3 -p $!; taskset -p 1 $! >/dev/null; echo own";
        for (Profile profile : BuiltIns.all()) {
            Profile here = profile.alsoIn(RuntimeClass.CONTAINER);
            assertThat(run(here, attacks).text().lines().filter(line -> line.contains("not permitted")))
                    .as(profile.name())
                    .hasSize(3);
            assertThat(run(here, control).text()).as(profile.name()).isEqualTo("own\n");
        }
    }

    // --- on the command line ---

    @Test
    void aRunHasTheProfilesLimitsUnlessItAsksForOthers() throws Exception {
        String file = Files.writeString(place.file("limits.yaml"), """
                extends: minimal
                resources: {wall: 1s, memory: 64M}
                """).toString();
        Cli cli = new Cli(place);
        Cli.Said said = cli.run("run", "--profile", file, "--", "sh", "-c", "grep MemTotal /proc/meminfo; sleep 20");
        assertThat(said.exit()).isEqualTo(124);
        assertThat(said.out()).containsPattern("MemTotal: +65536 kB");
        Cli.Said asked = cli.run(
                "run",
                "--profile",
                file,
                "--timeout",
                "20s",
                "--memory",
                "32M",
                "--",
                "sh",
                "-c",
                "grep MemTotal /proc/meminfo; sleep 1.5");
        assertThat(asked.exit()).as(asked.errors()).isZero();
        assertThat(asked.out()).containsPattern("MemTotal: +32768 kB");
        Files.delete(Path.of(file));
    }

    @Test
    void aSharedKernelIsAcceptedBySayingSoAndDebuggingSaysSoItself() throws Exception {
        Cli cli = new Cli(place);
        Cli.Said refused = cli.run("run", "--driver", "native", "--profile", "hostile-tenant", "--", "id");
        assertThat(refused.exit()).isEqualTo(125);
        assertThat(refused.errors()).contains("--accept-shared-kernel");
        Cli.Said accepted = cli.run("run", "--profile", "hostile-tenant", "--accept-shared-kernel", "--", "id");
        assertThat(accepted.out()).as(accepted.errors()).isEqualTo("uid=1000(user) gid=1000(user)\n");
        if (Node.isInstalled(Driver.GVISOR)) {
            Cli.Said ofItsOwn = cli.run("run", "--profile", "hostile-tenant", "--", "uname", "-r");
            assertThat(ofItsOwn.out()).as(ofItsOwn.errors()).isNotEqualTo(System.getProperty("os.version") + "\n");
            assertThat(ofItsOwn.exit()).isZero();
        }
        assertThat(cli.run("run", "--profile", "development", "--", "true").errors())
                .contains("PTRACE IS ALLOWED");
    }

    /** The daemon is told the profile itself, not a file's name that could mean something else to it. */
    @Test
    void aDaemonObeysTheSameProfile() throws Exception {
        String file = Files.writeString(place.file("daemon.yaml"), """
                extends: default
                filesystem: {hidden: [/etc/group], readonly: [/usr]}
                syscalls: {deny: [{call: mkdir, error: EACCES}], broker: [rename]}
                """).toString();
        Path run = place.file("run2");
        Cli cli = new Cli(place, java.util.Map.of("REDOUBT_RUN_DIR", run.toString()));
        Process daemon = cli.start("node", "--slots", "0");
        try {
            Place.until("the daemon listens", 30, () -> Files.exists(run.resolve("node.sock")));
            Cli.Said said = cli.run(
                    "run",
                    "--profile",
                    file,
                    "--user",
                    "root",
                    "--",
                    "sh",
                    "-c",
                    "mkdir /tmp/x; cat /etc/group; touch /usr/x; echo end");
            assertThat(said.out()).isEqualTo("end\n");
            assertThat(said.errors()).contains("Permission denied").contains("Read-only file system");
        } finally {
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        Files.delete(Path.of(file));
    }
}
