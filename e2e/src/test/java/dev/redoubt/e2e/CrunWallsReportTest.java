package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.node.walls.report.Finding;
import dev.redoubt.node.walls.report.Proof;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.node.walls.report.Wall;
import dev.redoubt.node.walls.report.WallFindings;
import dev.redoubt.node.walls.report.WallsEvent;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.node.walls.report.WallsWatch;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The report of what crun built, by the same measure as the native driver's: {@link WallsReportTest}. */
class CrunWallsReportTest {
    private static Place place;
    private static Node node;

    @BeforeAll
    static void open() throws IOException {
        assumeTrue(Node.isInstalled(Driver.CRUN), "crun is not installed");
        place = Place.make();
        node = place.open(place.settings());
    }

    @AfterAll
    static void close() throws Exception {
        if (node != null) {
            node.close();
            Place.until("nothing is left", 10, () -> place.leftovers().equals(Place.Leftovers.NONE));
            place.close();
        }
    }

    private static SandboxSpec spec() {
        return SandboxSpec.of("busybox").withDriver(Driver.CRUN);
    }

    private static WallsReport read(Sandbox sandbox) throws Exception {
        sandbox.guest().ready().get(10, TimeUnit.SECONDS);
        return sandbox.walls().read();
    }

    private static void assertAsAsked(WallsReport report) {
        assertThat(report.worse().stream().map(Finding::words)).isEmpty();
        assertThat(report.verdict()).isEqualTo(Verdict.AS_ASKED);
        assertThat(report.driver()).isEqualTo("crun");
    }

    private static GuestJob start(Sandbox sandbox, RunRequest request) throws Exception {
        GuestJob job = sandbox.guest().run(request, (from, output) -> from.acknowledge(output.seq()));
        job.started().get(10, TimeUnit.SECONDS);
        return job;
    }

    @Test
    void everyProfileThatCrunHoldsIsAsAsked() throws Exception {
        for (String name : BuiltIns.NAMES) {
            Profile profile = BuiltIns.find(name).orElseThrow();
            if (name.equals("hostile-tenant")) {
                continue; // refused by name: DriversTest#profilesHoldUnderCrunOrAreRefusedByName
            }
            SandboxSpec spec =
                    spec().withProfile(profile).withLimits(profile.resources().limits());
            try (Sandbox sandbox = node.create(spec)) {
                sandbox.guest().ready().get(10, TimeUnit.SECONDS);
                long root = Capability.mask(Capability.ofRootJob(profile));
                RunRequest request = RunRequest.exec("sh", "-c", "sleep 60 & sleep 60");
                boolean single = profile.users() == Profile.Users.SINGLE;
                try (GuestJob _ = start(sandbox, single ? request : request.withUser("1000"));
                        GuestJob _ = start(
                                sandbox,
                                single ? request : request.withUser("0").withCapabilities(root, root))) {
                    WallsReport report = read(sandbox);
                    assertAsAsked(report);
                    assertThat(report.profile()).isEqualTo(name);
                    assertThat(report.processes()).as(name).isGreaterThanOrEqualTo(3);
                    assertThat(report.walls().stream()
                                    .filter(wall -> wall.findings().isEmpty())
                                    .map(WallFindings::wall))
                            .as("walls of %s that nothing is said of", name)
                            .isEmpty();
                }
            }
        }
    }

    /** With patterns every open waits for a broker, which does not know a sandbox whose guest opens its witness. */
    @Test
    void mountsReadOnlyRootsAndRulesForFilesAreAsAsked() throws Exception {
        Path shown = Files.createDirectory(place.file("shown"));
        Profile profile = ProfileReader.alone().read("p.yaml", """
                name: p
                extends: default
                filesystem:
                  readonly: [/etc, /var]
                  hidden: [/root, /etc/passwd, /nowhere]
                  patterns: ["**/.env"]
                """);
        SandboxSpec spec = new SandboxSpec(
                        "busybox",
                        profile,
                        Limits.DEFAULT,
                        NetworkMode.LOCALHOST,
                        true,
                        "sandbox",
                        List.of(new HostMount(shown, "/mnt/shown", true)),
                        1000)
                .withDriver(Driver.CRUN);
        try (Sandbox sandbox = node.create(spec)) {
            WallsReport report = read(sandbox);
            assertAsAsked(report);
            assertThat(report.of(Wall.LANDLOCK).findings().stream().map(Finding::found))
                    .contains("entered: ioctl of its witness is withheld");
            assertThat(report.of(Wall.MOUNTS).findings().stream().map(Finding::what))
                    .contains("mount on /mnt/shown", "mount on /root", "mount on /etc/passwd", "mount on /proc/sys")
                    .doesNotContain("mount on /nowhere");
            assertThat(Jobs.run(sandbox, "1000", "cat", "/proc/self/comm").text())
                    .as("who opens now is the broker")
                    .isEqualTo("cat\n");
        }
    }

    @Test
    void aWallThatWasLeftAwayIsMissing() throws Exception {
        Map<TestSwitches.Layer, Wall> layers =
                Map.of(TestSwitches.Layer.LANDLOCK, Wall.LANDLOCK, TestSwitches.Layer.CGROUPS, Wall.LIMITS);
        for (var layer : layers.entrySet()) {
            try (Place other = Place.make();
                    Node weak =
                            other.open(other.settings().withSwitches(new TestSwitches(EnumSet.of(layer.getKey()))));
                    Sandbox sandbox = weak.create(spec())) {
                WallsReport report = read(sandbox);
                assertThat(report.walls().stream()
                                .filter(wall -> wall.verdict() != Verdict.AS_ASKED)
                                .map(WallFindings::wall))
                        .as("without %s: %s", layer.getKey(), report.worse())
                        .containsExactly(layer.getValue());
                assertThat(report.of(layer.getValue()).verdict()).isEqualTo(Verdict.MISSING);
            }
        }
    }

    /** crun passes over what it was not built with. The builder asks for the listener, which only the filter can have. */
    @Test
    void aFilterThatCrunDoesNotLoadIsMissed() throws Exception {
        TestSwitches unfiltered = new TestSwitches(EnumSet.of(TestSwitches.Layer.SECCOMP));
        try (Place other = Place.make()) {
            try (Node weak = other.open(other.settings().withSwitches(unfiltered))) {
                assertThatThrownBy(() -> weak.create(spec())).isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.code()).isEqualTo(ProblemCode.WALL_UNAVAILABLE);
                    assertThat(problem.detail()).contains("seccomp");
                });
                try (Sandbox control = weak.create(SandboxSpec.of("busybox"))) {
                    assertThat(Jobs.run(control, "1000", "echo", "runs").text())
                            .as("the native driver obeys the switch")
                            .isEqualTo("runs\n");
                }
            }
            assertThat(other.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    @Test
    void whateverIsWeakenedByHandIsKnown() throws Exception {
        Map<String, WallsReportTest.Hand> hands = WallsReportTest.hands();
        Map<String, Sandbox> sandboxes = new LinkedHashMap<>();
        try {
            for (String name : hands.keySet()) {
                sandboxes.put(name, node.create(spec()));
            }
            Sandbox untouched = node.create(spec());
            sandboxes.put("untouched", untouched);
            for (Sandbox sandbox : sandboxes.values()) {
                assertAsAsked(read(sandbox));
            }
            for (var hand : hands.entrySet()) {
                Sandbox sandbox = sandboxes.get(hand.getKey());
                hand.getValue().deed().to(sandbox, WallsReportTest.guest(sandbox));
            }
            try (WallsWatch _ = WallsWatch.start(
                    () -> sandboxes.values().stream().map(Sandbox::walls).toList(),
                    (_, _) -> {},
                    Duration.ofMillis(200),
                    true)) {
                for (var hand : hands.entrySet()) {
                    Sandbox sandbox = sandboxes.get(hand.getKey());
                    Place.until(
                            "drift: " + hand.getKey(),
                            10,
                            () -> !sandbox.walls().events().isEmpty());
                    assertReported(hand.getKey(), hand.getValue(), sandbox);
                }
                assertThat(untouched.walls().latest()).contains(Verdict.AS_ASKED);
                assertThat(untouched.walls().events()).isEmpty();
            }
        } finally {
            sandboxes.values().forEach(Sandbox::close);
        }
    }

    private static void assertReported(String name, WallsReportTest.Hand hand, Sandbox sandbox) {
        WallsReport report = sandbox.walls().read();
        assertThat(report.events().getFirst().kind()).as(name).isEqualTo(WallsEvent.Kind.DRIFTED);
        assertThat(report.of(hand.wall()).verdict()).as(name).isEqualTo(hand.verdict());
        assertThat(report.of(hand.wall()).worse().stream().map(Finding::words))
                .as(name)
                .anyMatch(words -> words.contains(hand.found()));
    }

    /** crun is given the bytes and not the list: what is recorded is what the kernel has. */
    @Test
    void theRecordedFilterIsTheOneThatTheKernelHas() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "python3");
        try (Sandbox sandbox = node.create(spec())) {
            Finding recorded = read(sandbox).of(Wall.SYSCALLS).findings().stream()
                    .filter(finding -> finding.proof() == Proof.RECORDED)
                    .findFirst()
                    .orElseThrow();
            String said = WallsReportTest.filterOf(WallsReportTest.guest(sandbox), place);
            assumeTrue(!said.contains("1036: Input/output error"), "a kernel without checkpoints");
            assertThat(recorded.found()).startsWith("sha256:" + said + ",");
        }
    }

    // --- what is stopped ---

    @Test
    void aProfileMayStopWhatHasDriftedAndItEndsAllTheSame() throws Exception {
        Profile profile = ProfileReader.alone().read("p.yaml", "{name: p, extends: default, on-drift: freeze}");
        Sandbox sandbox = node.create(spec().withProfile(profile));
        Set<Integer> members = sandbox.cgroup().members();
        try (WallsWatch _ =
                WallsWatch.start(() -> List.of(sandbox.walls()), (_, _) -> {}, Duration.ofMillis(100), true)) {
            assertAsAsked(read(sandbox));
            assertThat(sandbox.cgroup().isFrozen()).as("control").isFalse();
            sandbox.cgroup().apply(Limits.DEFAULT.withPids(999), List.of());
            Place.until("it is stopped", 5, sandbox.cgroup()::isFrozen);
            Place.until("and said to be", 5, () -> sandbox.walls().events().size() > 1);
            assertThat(sandbox.walls().events().stream().map(WallsEvent::kind))
                    .containsExactly(WallsEvent.Kind.DRIFTED, WallsEvent.Kind.FROZEN);
        }
        long begun = System.nanoTime();
        sandbox.close();
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(3));
        assertThat(members.stream().flatMap(pid -> ProcessHandle.of(pid).stream()))
                .isEmpty();
    }

    /** The kernel sends the guest its end, whom the node finds stopped with that and lets go on. */
    @Test
    void theSpawnersDeathEndsWhatIsFrozen() throws Exception {
        try (Place other = Place.make()) {
            Node dying = other.open(other.settings());
            Sandbox sandbox = dying.create(spec());
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            sandbox.cgroup().freeze();
            ProcessHandle guest =
                    ProcessHandle.of(WallsReportTest.guest(sandbox)).orElseThrow();
            other.spawners().forEach(ProcessHandle::destroyForcibly);
            TimeUnit.MILLISECONDS.sleep(300);
            if (Files.isDirectory(Path.of("/sys/fs/cgroup/freezer/redoubt"))) {
                assertThat(guest.isAlive())
                        .as("control: stopped, it does not die")
                        .isTrue();
            }
            try (WallsWatch _ =
                    WallsWatch.start(() -> List.of(sandbox.walls()), (_, _) -> {}, Duration.ofMillis(100), true)) {
                Place.until("it ends", 5, () -> !guest.isAlive());
            }
            WallsReportTest.closeWithoutSpawner(dying);
            try (Node next = Node.open(other.settings())) {
                assertThat(next.adopted()).isEmpty();
            }
            Place.until("its spawner ends", 10, () -> other.processes().isEmpty());
            assertThat(other.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    @Test
    void aRunSaysWhatHoldsIt() throws Exception {
        Cli.Said said = new Cli(place).run("run", "--walls", "--driver", "crun", "--", "echo", "out");
        assertThat(said.exit()).as(said.errors()).isZero();
        assertThat(said.out()).isEqualTo("out\n");
        assertThat(said.errors())
                .contains(": as asked", "profile default, crun driver, Linux ")
                .doesNotContain("weaker", "MISSING");
    }
}
