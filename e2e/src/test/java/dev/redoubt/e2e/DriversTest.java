package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.TerminalSize;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import dev.redoubt.protocol.TimeLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What every driver must do, by one suite; each behaviour has the native driver for its control. */
@ParameterizedClass
@EnumSource(Driver.class)
class DriversTest {
    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;

    @Parameter
    private Driver driver = Driver.NATIVE;

    private Place place;
    private Node node;

    @BeforeEach
    void open() throws IOException {
        assumeTrue(Node.isInstalled(driver), () -> "the program of driver " + driver + " is not installed");
        place = Place.make();
        node = place.open(place.settings());
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        if (node != null) {
            node.close();
            Place.until("nothing is left", 10, () -> place.leftovers().equals(Place.Leftovers.NONE));
            place.close();
        }
    }

    private SandboxSpec spec() {
        return SandboxSpec.of("busybox").withDriver(driver);
    }

    private SandboxSpec spec(boolean readOnly, List<HostMount> mounts) {
        SandboxSpec usual = spec();
        return new SandboxSpec(
                usual.image(),
                usual.profile(),
                usual.limits(),
                usual.network(),
                readOnly,
                usual.hostname(),
                mounts,
                1000,
                usual.labels(),
                driver,
                false);
    }

    private static String said(Sandbox sandbox, String user, String script) throws Exception {
        long root = Capability.mask(Capability.ofRootJob(Profile.DEFAULT));
        RunRequest request = RunRequest.exec("sh", "-c", "exec 2>&1\n" + script)
                .withUser(user)
                .withCapabilities(root, user.equals("0") ? root : 0);
        return Jobs.run(sandbox, request).text();
    }

    @Test
    void jobsStreamsExitCodesAndSignals() throws Exception {
        try (Sandbox sandbox = node.create(spec())) {
            assertThat(said(sandbox, "1000", "id; hostname; pwd"))
                    .isEqualTo("uid=1000(user) gid=1000(user)\nsandbox\n/home/user\n");
            assertThat(Jobs.run(sandbox, "1000", "sh", "-c", "exit 7").code()).isEqualTo(7);
            assertThat(Jobs.run(sandbox, "1000", "sh", "-c", "kill -9 $$").exit())
                    .isInstanceOfSatisfying(
                            JobExit.Signalled.class,
                            exit -> assertThat(exit.signal()).isEqualTo(SIGKILL));
            assertThat(Jobs.run(sandbox, "1000", "nothing-of-this-name").exit()).isInstanceOf(JobExit.NotStarted.class);
            assertThat(piped(sandbox, "x".repeat(300_000))).isEqualTo("300000\n");
            GuestJob sleeping = sandbox.guest()
                    .run(RunRequest.exec("sleep", "100").withUser("1000"), Jobs.into(new StringBuilder()));
            sleeping.started().get(10, TimeUnit.SECONDS);
            sleeping.signal(SIGTERM);
            assertThat(sleeping.exit().get(10, TimeUnit.SECONDS)).isInstanceOf(JobExit.Signalled.class);
        }
    }

    private static String piped(Sandbox sandbox, String input) throws Exception {
        StringBuilder text = new StringBuilder();
        try (GuestJob job =
                sandbox.guest().run(RunRequest.exec("wc", "-c").withUser("1000").withInput(), Jobs.into(text))) {
            job.write(ByteBuffer.wrap(input.getBytes(StandardCharsets.US_ASCII)));
            job.closeInput();
            job.exit().get(20, TimeUnit.SECONDS);
            return text.toString();
        }
    }

    @Test
    void aTerminalHasASizeAndANewOne() throws Exception {
        try (Sandbox sandbox = node.create(spec())) {
            RunRequest request = RunRequest.exec("sh", "-c", "tty; stty size; test -t 0 && test -t 1 && echo both")
                    .withUser("1000")
                    .withTerminal(new TerminalSize(33, 77));
            assertThat(Jobs.run(sandbox, request).text()).isEqualTo("/dev/pts/0\r\n33 77\r\nboth\r\n");
            assertThat(Jobs.run(sandbox, request.withTerminal(new TerminalSize(9, 9)))
                            .text())
                    .contains("9 9");
        }
    }

    @Test
    void aPlainJobHasNoCapabilityAndRootItsFive() throws Exception {
        try (Sandbox sandbox = node.create(spec())) {
            String sets = "grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status";
            assertThat(said(sandbox, "1000", sets).lines().map(line -> line.split("\t", -1)[1]))
                    .hasSize(3)
                    .containsOnly("0000000000000000");
            assertThat(said(sandbox, "0", sets).lines().map(line -> line.split("\t", -1)[1]))
                    .as("CHOWN DAC_OVERRIDE FOWNER SETGID SETUID")
                    .containsOnly("00000000000000cb");
            assertThat(said(sandbox, "0", "touch /etc/by-root && chown 1000:1000 /etc/by-root && ls -ln /etc/by-root"))
                    .contains(" 1000     1000 ");
            assertThat(said(sandbox, "1000", "touch /etc/by-user"))
                    .as("control: not root's files")
                    .contains("Permission denied");
            assertThat(said(sandbox, "1000", "mount -t tmpfs none /mnt || echo refused"))
                    .contains("refused");
        }
    }

    @Test
    void onlyLoIsThere() throws Exception {
        try (Sandbox sandbox = node.create(spec())) {
            assertThat(said(sandbox, "1000", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"))
                    .isEqualTo("lo\n");
            assertThat(said(sandbox, "1000", "nc -w 1 198.51.100.1 80 || echo none"))
                    .contains("none");
        }
    }

    @Test
    void memoryAndDiskHaveAnEnd() throws Exception {
        Limits small = Limits.DEFAULT.withMemory(Size.ofMib(96)).withDisk(Size.ofMib(32));
        try (Sandbox sandbox = node.create(spec().withLimits(small))) {
            assertThat(said(sandbox, "1000", "head -c 1000000 /dev/zero > f && echo fits"))
                    .as("control")
                    .isEqualTo("fits\n");
            assertThat(said(sandbox, "1000", "head -c 40000000 /dev/zero > g || echo full"))
                    .contains("full");
            assertThat(sandbox.cgroup().oomKills()).isZero();
            Thread job = Thread.ofPlatform().start(() -> hog(sandbox));
            Place.until("the memory limit is met", 30, () -> sandbox.cgroup().oomKills() > 0);
            job.join(Duration.ofSeconds(30));
        }
    }

    /** The job, or with a kernel of its own the whole sandbox, is killed for it. */
    private static void hog(Sandbox sandbox) {
        try {
            Jobs.run(sandbox, "1000", "sh", "-c", "tail /dev/zero");
        } catch (Exception gone) { // the edge of a thread: how it ended is not what is asked
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void whatIsReadOnlyStaysSoAndWhatIsMountedIsThere() throws Exception {
        Path shown = Files.createDirectory(place.file("shown"));
        Files.writeString(shown.resolve("of-the-host"), "yes\n");
        Files.setAttribute(shown, "unix:uid", 4242);
        Files.setAttribute(shown, "unix:gid", 4242);
        boolean writable = driver.runtimeClass().sharesKernel();
        try (Sandbox sandbox = node.create(spec(true, List.of(new HostMount(shown, "/mnt/here", !writable))))) {
            assertThat(said(sandbox, "0", "touch /etc/x || echo refused")).contains("refused");
            assertThat(said(sandbox, "1000", "echo t > /tmp/t && cat /tmp/t")).isEqualTo("t\n");
            assertThat(said(
                            sandbox,
                            "1000",
                            "cat /mnt/here/of-the-host; echo back > /mnt/here/back; stat -c %u /mnt/here"))
                    .startsWith("yes\n")
                    .endsWith("1000\n");
            assertThat(Files.exists(shown.resolve("back"))).isEqualTo(writable);
            if (writable) {
                assertThat(LinuxFiles.status(shown.resolve("back").toString()).uid())
                        .isEqualTo(4242);
            }
        }
    }

    @Test
    void noTwoHaveTheSameIds() throws Exception {
        try (Sandbox one = node.create(spec());
                Sandbox other = node.create(spec())) {
            assertThat(said(one, "1000", "true") + said(other, "1000", "true")).isEmpty();
            Set<String> maps = place.processes().stream()
                    .flatMap(process -> idMap(process.pid()).stream())
                    .filter(map -> map.endsWith(" 65536"))
                    .collect(Collectors.toUnmodifiableSet());
            assertThat(maps).hasSize(2).noneMatch(map -> map.startsWith("0 0 "));
        }
    }

    /** Of a process that may be gone. */
    private static Optional<String> idMap(long pid) {
        try {
            return Optional.of(Files.readString(Path.of("/proc", Long.toString(pid), "uid_map"))
                    .strip()
                    .replaceAll(" +", " "));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /** The spawner keeps the guest's channel and the process whoever started it. */
    @Test
    void theNextDaemonGoesOn() throws Exception {
        node.close();
        NodeSettings settings = place.settings().outliving();
        try (Node first = place.open(settings)) {
            Sandbox sandbox = first.create(spec());
            assertThat(said(sandbox, "1000", "echo before > /tmp/kept")).isEmpty();
        }
        try (Node next = Node.open(settings)) {
            assertThat(next.adopted()).hasSize(1);
            try (Sandbox sandbox = next.adopted().getFirst()) {
                assertThat(said(sandbox, "1000", "cat /tmp/kept; mount -t tmpfs none /mnt || echo refused"))
                        .startsWith("before\n")
                        .endsWith("refused\n");
            }
        }
        node = place.open(place.settings());
    }

    /** It is the parent of native sandboxes, and for the others what their guests hold a pipe of. */
    @Test
    void noSandboxOutlivesItsSpawner() throws Exception {
        Sandbox sandbox = node.create(spec());
        assertThat(said(sandbox, "1000", "echo lives")).isEqualTo("lives\n");
        assertThat(sandbox.awaitEnd(Duration.ofMillis(200))).as("control").isFalse();
        place.spawners().forEach(ProcessHandle::destroyForcibly);
        assertThat(sandbox.awaitEnd(Duration.ofSeconds(10))).isTrue();
        node.close();
        assertThat(place.leftovers()).as("without a sweep").isEqualTo(Place.Leftovers.NONE);
        node = place.open(place.settings());
    }

    @Test
    void itsLifeEndsWithItsTime() throws Exception {
        assumeTrue(driver != Driver.NATIVE, "TimeLimitTest tries the native driver");
        TimeLimits second = new TimeLimits(Optional.of(Duration.ofSeconds(1)), Optional.empty());
        try (Sandbox sandbox = node.create(spec().withLimits(Limits.DEFAULT.withTime(second)))) {
            assertThat(sandbox.awaitEnd(Duration.ofMillis(500))).as("control").isFalse();
            assertThat(sandbox.awaitEnd(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void theWallsOfAContainerAreTheSame() throws Exception {
        assumeTrue(driver.runtimeClass().sharesKernel(), "a kernel of its own has walls of its own");
        SandboxSpec minimal = spec().withProfile(BuiltIns.find("minimal").orElseThrow());
        try (Sandbox usual = node.create(spec());
                Sandbox locked = node.create(minimal)) {
            assertThat(status(usual)).contains("NoNewPrivs:\t1", "Seccomp:\t2", "Seccomp_filters:\t1");
            assertThat(status(usual)).contains("CapBnd:\t00000000000001eb", "CapPrm:\t00000000000001eb");
            assertThat(status(locked)).contains("CapBnd:\t0000000000000000", "CapPrm:\t0000000000000000");
            assertThat(said(usual, "1000", "for f in /proc/self/fd/*; do echo $f; done"))
                    .as("nothing of the runtime's is open in a job")
                    .isEqualTo("/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n/proc/self/fd/3\n");
            assertThat(usual.syscalls().report().events()).isEmpty();
            said(usual, "1000", "mount -t tmpfs none /mnt; unshare -r true");
            assertThat(usual.syscalls().report().events())
                    .as("the broker answers")
                    .extracting(event -> event.call())
                    .contains("mount", "unshare");
        }
    }

    /** The mount of /proc is writable in both: what refuses is a rule that a read-only root has not. */
    @Test
    void landlockIsInForce() throws Exception {
        assumeTrue(driver.runtimeClass().sharesKernel(), "the class gvisor has no Landlock");
        String write = "sh -c 'echo named > /proc/self/comm && cat /proc/self/comm' || echo refused";
        try (Sandbox usual = node.create(spec());
                Sandbox readOnly = node.create(spec(true, List.of()))) {
            assertThat(said(usual, "1000", write)).as("control").doesNotContain("refused");
            assertThat(said(readOnly, "1000", write)).contains("Permission denied", "refused");
        }
    }

    private static Set<String> status(Sandbox sandbox) throws Exception {
        sandbox.guest().ready().get(10, TimeUnit.SECONDS);
        String info =
                Files.readString(Path.of("/proc/self/fdinfo/" + sandbox.pidfd().number()));
        String pid = info.lines()
                .filter(line -> line.startsWith("Pid:"))
                .map(line -> line.substring(4).strip())
                .findFirst()
                .orElseThrow();
        return Files.readAllLines(Path.of("/proc", pid, "status")).stream().collect(Collectors.toUnmodifiableSet());
    }

    @Test
    void hiddenFilesStayHidden() throws Exception {
        assumeTrue(driver.runtimeClass().sharesKernel(), "the class gvisor has no broker");
        SandboxSpec hiding = spec().hiding(new PathPatterns(List.of("**/.env")));
        try (Sandbox sandbox = node.create(hiding)) {
            assertThat(said(sandbox, "1000", "echo secret > seen; cat seen"))
                    .as("control")
                    .isEqualTo("secret\n");
            assertThat(said(sandbox, "1000", "mv seen .env; cat .env || echo hidden"))
                    .contains("hidden");
        }
    }

    @Test
    void profilesHoldUnderCrunOrAreRefusedByName() throws Exception {
        assumeTrue(driver == Driver.CRUN, "what only crun does otherwise");
        Profile hostile = BuiltIns.find("hostile-tenant").orElseThrow().alsoIn(RuntimeClass.CONTAINER);
        assertThatThrownBy(() -> node.create(spec().withProfile(hostile)))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("landlock_restrict_self");
        Profile quiet = ProfileReader.alone().read("test", """
                        extends: default
                        devices: [/dev/null, /dev/urandom]
                        filesystem:
                          readonly: [/etc]
                          hidden: [/opt]
                        """).withUsers(Profile.Users.SWITCH, Profile.Root.PACKAGES);
        try (Sandbox sandbox = node.create(spec().withProfile(quiet))) {
            assertThat(said(sandbox, "1000", "ls /dev"))
                    .isEqualTo("fd\nnull\nptmx\npts\nshm\nstderr\nstdin\nstdout\nurandom\n");
            assertThat(said(sandbox, "0", "touch /home/x && echo made"))
                    .as("control")
                    .isEqualTo("made\n");
            assertThat(said(sandbox, "0", "touch /etc/x || echo refused"))
                    .contains("Read-only")
                    .contains("refused");
            assertThat(said(sandbox, "0", "mv /etc /etc2 || echo stays")).contains("stays");
        }
    }

    @Test
    void wallsAreAsAsked() throws Exception {
        try (Sandbox sandbox = node.create(spec())) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            assertThat(sandbox.walls().read().worse()).isEmpty();
            assertThat(sandbox.walls().read().driver()).isEqualTo(driver.toString());
        }
    }

    @Test
    void whatAClassCannotHoldIsRefusedByName() {
        assumeTrue(driver == Driver.GVISOR, "the others hold it");
        SandboxSpec open = spec().withNetwork(NetworkMode.LOCALHOST);
        assertThatThrownBy(() -> node.create(open))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("network mode localhost");
        assertThatThrownBy(() -> node.create(spec().hiding(new PathPatterns(List.of("**/.env")))))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("rules for paths");
        assertThatThrownBy(() -> node.create(spec(false, List.of(new HostMount(Path.of("/tmp"), "/mnt", false)))))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("would be writable");
    }
}
