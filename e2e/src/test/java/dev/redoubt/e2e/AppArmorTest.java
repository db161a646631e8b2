package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.PidNamespace;
import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.label.AppArmor;
import dev.redoubt.node.label.AppArmorProfile;
import dev.redoubt.node.launch.LaunchException;
import dev.redoubt.node.launch.Step;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.node.walls.report.Finding;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.node.walls.report.Wall;
import dev.redoubt.node.walls.report.WallFindings;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Labels of AppArmor on real sandboxes. Only where the host has AppArmor, as the test machine of vm/ has. */
@Tag("vm")
class AppArmorTest {
    private static final String USUAL = AppArmor.enforced(AppArmorProfile.USUAL.label());
    private static final String TRACING = AppArmor.enforced(AppArmorProfile.TRACING.label());

    private static final long FIVE = Capability.mask(Capability.ofRootJob(Profile.DEFAULT));

    /** Bits of all capabilities that the kernel of the test machine has. */
    private static final long ALL = (1L << Capability.values().length) - 1;

    private Place place;

    @BeforeEach
    void open() throws IOException {
        assumeTrue(
                AppArmor.ofHost() instanceof AppArmor.Usable, () -> "no label can be had here: " + AppArmor.ofHost());
        place = Place.make();
    }

    @AfterEach
    void close() throws IOException {
        if (place != null) {
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
            place.close();
        }
    }

    private Node node(TestSwitches.Layer... off) {
        TestSwitches switches = new TestSwitches(Set.of(off));
        return place.open(place.settings().withSwitches(switches));
    }

    private static SandboxSpec spec() {
        return SandboxSpec.of("busybox");
    }

    private static RunRequest asRoot(RunRequest request) {
        return request.withUser("0").withCapabilities(FIVE, FIVE);
    }

    private static GuestJob start(Sandbox sandbox, RunRequest request) throws Exception {
        GuestJob job = sandbox.guest().run(request, (from, output) -> from.acknowledge(output.seq()));
        job.started().get(60, TimeUnit.SECONDS);
        return job;
    }

    /** What the kernel has each process of a sandbox as, by its number inside. */
    private static Map<Integer, String> labels(Sandbox sandbox) {
        Map<Integer, String> labels = new TreeMap<>();
        try (PidNamespace processes = PidNamespace.of(sandbox.pidfd()).orElseThrow()) {
            for (int inside = 1; inside < 100; inside++) {
                int number = inside;
                processes.outside(inside).ifPresent(pid -> labels.put(number, label(pid)));
            }
        }
        return labels;
    }

    private static String label(int pid) {
        return LinuxFiles.readOnce("/proc/" + pid + "/attr/apparmor/current");
    }

    // --- every process has it ---

    @Test
    void everyProcessIsInTheProfile() throws Exception {
        try (Node node = node();
                Sandbox sandbox = node.create(spec())) {
            sandbox.guest().ready().get(60, TimeUnit.SECONDS);
            RunRequest request = RunRequest.exec("sh", "-c", "sleep 600 & sleep 600");
            try (GuestJob _ = start(sandbox, request.withUser("1000"));
                    GuestJob _ = start(sandbox, asRoot(request))) {
                Place.until(
                        "the processes behind the jobs",
                        60,
                        () -> labels(sandbox).size() >= 5);
                assertThat(labels(sandbox)).containsKey(1).hasSizeGreaterThanOrEqualTo(5);
                assertThat(labels(sandbox).values()).containsOnly(USUAL);
                WallsReport report = sandbox.walls().read();
                assertThat(report.worse().stream().map(Finding::words)).isEmpty();
                assertThat(report.of(Wall.LABELS).summary()).contains(AppArmorProfile.USUAL.label());
                assertThat(report.of(Wall.LABELS).findings())
                        .hasSizeGreaterThanOrEqualTo(3)
                        .allMatch(finding ->
                                finding.found().equals(USUAL) && finding.asked().equals(USUAL));
            }
            assertThat(Jobs.run(sandbox, "1000", "cat", "/proc/self/attr/apparmor/current")
                            .text())
                    .isEqualTo(USUAL + "\n");
            assertThat(label((int) ProcessHandle.current().pid()))
                    .as("control: whoever builds them has none")
                    .isEqualTo("unconfined");
        }
    }

    @Test
    void everyBuiltInProfileRunsInOneOfThem() throws Exception {
        try (Node node = node()) {
            for (Profile profile : BuiltIns.all()) {
                try (Sandbox sandbox = node.create(spec().withProfile(profile).onSharedKernel())) {
                    String wanted = profile.name().equals("development") ? TRACING : USUAL;
                    String user = profile.users() == Profile.Users.SINGLE ? "" : "1000";
                    assertThat(Jobs.run(sandbox, user, "cat", "/proc/self/attr/apparmor/current")
                                    .text())
                            .as(profile.name())
                            .isEqualTo(wanted + "\n");
                }
            }
        }
    }

    @Test
    void crunsSandboxesAreInItToo() throws Exception {
        assumeTrue(Node.isInstalled(Driver.CRUN), "crun is not installed");
        try (Node node = node();
                Sandbox sandbox = node.create(spec().withDriver(Driver.CRUN))) {
            sandbox.guest().ready().get(60, TimeUnit.SECONDS);
            try (GuestJob _ = start(sandbox, RunRequest.exec("sleep", "600").withUser("1000"))) {
                assertThat(labels(sandbox)).hasSizeGreaterThanOrEqualTo(2);
                assertThat(labels(sandbox).values()).containsOnly(USUAL);
            }
        }
    }

    // --- it holds, alone ---

    private static final TestSwitches.Layer[] OTHERS = {
        TestSwitches.Layer.PRIVILEGES, TestSwitches.Layer.SECCOMP, TestSwitches.Layer.LANDLOCK
    };

    private static TestSwitches.Layer[] withoutLabelAnd(TestSwitches.Layer... others) {
        List<TestSwitches.Layer> all = new ArrayList<>(List.of(others));
        all.add(TestSwitches.Layer.LABEL);
        return all.toArray(TestSwitches.Layer[]::new);
    }

    /** Inside as uid 0, in the sandbox's user namespace, where who has the capability may mount. */
    private Jobs.Result mounts(long capabilities, TestSwitches.Layer... off) throws Exception {
        try (Node node = node(off);
                Sandbox sandbox = node.create(spec())) {
            RunRequest request = RunRequest.exec("sh", "-c", "mount -t tmpfs none /mnt && echo mounted")
                    .withUser("0")
                    .withCapabilities(capabilities, capabilities);
            return Jobs.run(sandbox, request);
        }
    }

    @Test
    void mountIsRefusedByItAlone() throws Exception {
        assertThat(mounts(ALL, withoutLabelAnd(OTHERS)).text())
                .as("control: without a label the same call succeeds")
                .isEqualTo("mounted\n");
        assertThat(mounts(ALL, OTHERS).exit())
                .as("process 1 holds no more than the profile lets it hold")
                .isInstanceOfSatisfying(JobExit.NotStarted.class, exit -> {
                    assertThat(exit.step()).isEqualTo(JobExit.StartStep.CAPABILITIES);
                    assertThat(exit.errno()).isEqualTo(Errno.EPERM);
                });
        assertThat(mounts(FIVE, OTHERS).text()).startsWith("mount: ").doesNotContain("mounted\n");
    }

    /** Root of the host in namespaces of its own, with every right that there is, behind the profile and nothing else. */
    private static String root(String label, String command) throws Exception {
        String enter = label.isEmpty() ? "" : "printf 'exec " + label + "' >/proc/self/attr/apparmor/exec && ";
        Process process = new ProcessBuilder(
                        "unshare",
                        "--mount",
                        "--net",
                        "--propagation",
                        "private",
                        "sh",
                        "-c",
                        enter + "exec " + command)
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return process.waitFor() + " " + said;
    }

    @Test
    void theProfileHoldsEvenTheHostsRoot() throws Exception {
        String probe = Place.NATIVES.resolve("walls-probe").toString();
        Map<String, String> attacks = Map.of(
                "mount", "mount -t tmpfs none /mnt",
                "umount", "umount -l /dev",
                "chroot", "chroot / true",
                "sysctl", "sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'", // of its own network namespace
                "raw socket", "sh -c 'test $(" + probe + " call 41 2 3 1) -gt 0'",
                "packet socket", "sh -c 'test $(" + probe + " call 41 17 3 0) -gt 0'",
                "alg socket", "sh -c 'test $(" + probe + " call 41 38 5 0) != -13'",
                "ptrace", "sh -c 'test $(" + probe + " call 101 0 0 0 0) = 0'",
                "unconfined", "sh -c 'printf \"changeprofile unconfined\" >/proc/self/attr/apparmor/current'");
        for (var attack : attacks.entrySet()) {
            assertThat(root("", attack.getValue()))
                    .as("control: " + attack.getKey())
                    .startsWith("0");
            assertThat(root(AppArmorProfile.USUAL.label(), attack.getValue()))
                    .as(attack.getKey())
                    .doesNotStartWith("0");
        }
        assertThat(root(AppArmorProfile.USUAL.label(), "sh -c 'test $(" + probe + " call 41 2 1 0) -gt 0'"))
                .as("an ordinary socket")
                .startsWith("0");
    }

    /** PTRACE_TRACEME, which needs no capability: asked of the parent, process 1. */
    private String traces(Profile profile, TestSwitches.Layer... off) throws Exception {
        Path probe = Place.NATIVES.resolve("walls-probe");
        SandboxSpec spec = new SandboxSpec(
                "busybox",
                profile,
                profile.resources().limits(),
                NetworkMode.NONE,
                false,
                "sandbox",
                List.of(new HostMount(probe, "/mnt/probe", true)),
                1000);
        try (Node node = node(off);
                Sandbox sandbox = node.create(spec)) {
            return Jobs.run(sandbox, "1000", "/mnt/probe", "call", "101", "0", "0", "0", "0")
                    .text();
        }
    }

    @Test
    void tracingIsRefusedByItAlone() throws Exception {
        Profile usual = Profile.DEFAULT;
        Profile development = BuiltIns.find("development").orElseThrow();
        TestSwitches.Layer[] filter = {TestSwitches.Layer.SECCOMP};
        assertThat(traces(usual, withoutLabelAnd(filter)))
                .as("control: without filter and label it succeeds")
                .isEqualTo("0\n");
        assertThat(traces(usual, filter)).isEqualTo("-13\n");
        assertThat(traces(development)).as("where a profile allows it").isEqualTo("0\n");
    }

    private String leaves(TestSwitches.Layer... off) throws Exception {
        String leave = "cd /proc/self/attr/apparmor;"
                + " for try in 'changeprofile unconfined/current' 'exec unconfined/exec' \"exec $1/exec\"; do"
                + " printf \"${try%/*}\" >${try#*/} && echo left || echo stays; done";
        String other = AppArmorProfile.TRACING.label();
        try (Node node = node(off);
                Sandbox sandbox = node.create(spec())) {
            return Jobs.run(sandbox, asRoot(RunRequest.exec("sh", "-c", leave, "sh", other)))
                    .text();
        }
    }

    /** Neither for none nor for the wider one, with no other wall in the way. */
    @Test
    void nobodyLeavesIt() throws Exception {
        assertThat(leaves(withoutLabelAnd(OTHERS)).lines().filter(line -> line.equals("left")))
                .as("control: whoever is in none may enter any")
                .hasSize(3);
        assertThat(leaves(OTHERS).lines().filter(line -> line.equals("stays"))).hasSize(3);
        assertThat(leaves(OTHERS)).doesNotContain("left");
    }

    // --- it is required, and missing ---

    @Test
    void whoRequiresItStartsHere() throws Exception {
        Profile profile = ProfileReader.alone().read("p.yaml", "extends: default\nrequire: [apparmor]\n");
        try (Node node = node();
                Sandbox sandbox = node.create(spec().withProfile(profile))) {
            assertThat(Jobs.run(sandbox, "1000", "echo", "runs").text()).isEqualTo("runs\n");
        }
    }

    @Test
    void aSandboxWithoutItIsReported() throws Exception {
        try (Node node = node(TestSwitches.Layer.LABEL);
                Sandbox sandbox = node.create(spec())) {
            sandbox.guest().ready().get(60, TimeUnit.SECONDS);
            WallsReport report = sandbox.walls().read();
            assertThat(report.walls().stream()
                            .filter(wall -> wall.verdict() != Verdict.AS_ASKED)
                            .map(WallFindings::wall))
                    .containsOnly(Wall.LABELS);
            assertThat(report.of(Wall.LABELS).verdict()).isEqualTo(Verdict.MISSING);
            assertThat(report.worse().getFirst().found()).isEqualTo("unconfined");
        }
    }

    /** Whoever does this on a host with other sandboxes frees them, so only in the test machine. */
    @Test
    void whenItIsTakenAwayItIsReportedAndNothingStartsUntilTheNextNode() throws Exception {
        assumeTrue("1".equals(System.getenv("REDOUBT_VM")), "not the test machine");
        try (Node node = node();
                Sandbox sandbox = node.create(spec())) {
            sandbox.guest().ready().get(60, TimeUnit.SECONDS);
            assertThat(sandbox.walls().read().of(Wall.LABELS).verdict())
                    .as("control")
                    .isEqualTo(Verdict.AS_ASKED);
            LinuxFiles.writeOnce("/sys/kernel/security/apparmor/.remove", AppArmorProfile.USUAL.label());
            assertThat(sandbox.walls().read().of(Wall.LABELS).verdict()).isEqualTo(Verdict.MISSING);
            assertThatThrownBy(() -> node.create(spec())).isInstanceOfSatisfying(Problem.class, problem -> {
                assertThat(problem.code()).isEqualTo(ProblemCode.WALL_UNAVAILABLE);
                assertThat(problem.detail())
                        .contains("label " + AppArmorProfile.USUAL.label())
                        .contains("the next start of the node loads it");
                assertThat(problem.getCause())
                        .isInstanceOfSatisfying(
                                LaunchException.class,
                                cause -> assertThat(cause.step()).isEqualTo(Step.LABEL));
            });
        }
        try (Node next = node();
                Sandbox sandbox = next.create(spec())) {
            assertThat(Jobs.run(sandbox, "1000", "cat", "/proc/self/attr/apparmor/current")
                            .text())
                    .isEqualTo(USUAL + "\n");
        }
    }

    // --- it is in nobody's way ---

    /** Who ends a sandbox is in no profile of ours, and entering a profile costs a process its death signal, which the guest asks for again. */
    @Test
    void itEndsWithItsSpawner() throws Exception {
        Node node = place.open(place.settings());
        Sandbox sandbox = node.create(spec());
        sandbox.guest().ready().get(60, TimeUnit.SECONDS);
        int guest = WallsReportTest.guest(sandbox);
        assertThat(label(guest)).isEqualTo(USUAL);
        assertThat(hasEnded(guest)).as("control").isFalse();
        place.spawners().forEach(ProcessHandle::destroyForcibly);
        Place.until("the end of process 1", 60, () -> hasEnded(guest));
        WallsReportTest.closeWithoutSpawner(node);
        place.open(place.settings()).close(); // and sweeps
    }

    static boolean hasEnded(int pid) {
        try {
            return LinuxFiles.readOnce("/proc/" + pid + "/stat").matches(".*\\) [ZX] .*");
        } catch (LinuxException gone) {
            return true;
        }
    }

    /** Files, links, users, sockets, signals among jobs, terminals' worth of programs: what a job did before. */
    @Test
    void ordinaryWorkIsAsEver() throws Exception {
        String work = "set -e; cd /tmp; echo a >a; ln a b; ln -s a c; mv b d; chmod 4755 d; mkfifo f; cat c;"
                + " (echo through >f &) ; cat f; sleep 99 & kill $!; sleep 98 & nc -l -p 80 >n & n=$!;"
                + " until echo net | nc 127.0.0.1 80 2>/dev/null; do sleep 1; done; wait $n; cat n;"
                + " ps -o comm | grep -c '^sleep'; ip link | grep -c lo:";
        String root =
                "set -e; cd /root; touch x; chown 7:7 x; chmod 0 x; cat x; su -s /bin/sh nobody -c id || true; echo done";
        String plain;
        String owners;
        try (Node node = node(TestSwitches.Layer.LABEL);
                Sandbox sandbox = node.create(spec().withNetwork(NetworkMode.LOCALHOST))) {
            plain = Jobs.run(sandbox, "1000", "sh", "-c", work).text();
            owners =
                    Jobs.run(sandbox, asRoot(RunRequest.exec("sh", "-c", root))).text();
        }
        assertThat(plain).as("control").contains("a\nthrough\nnet\n");
        assertThat(owners).as("control").endsWith("done\n");
        try (Node node = node();
                Sandbox sandbox = node.create(spec().withNetwork(NetworkMode.LOCALHOST))) {
            assertThat(Jobs.run(sandbox, "1000", "sh", "-c", work).text()).isEqualTo(plain);
            assertThat(Jobs.run(sandbox, asRoot(RunRequest.exec("sh", "-c", root)))
                            .text())
                    .isEqualTo(owners);
        }
    }
}
