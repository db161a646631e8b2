package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.linux.Pidfd;
import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.walls.report.Finding;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.node.walls.report.Wall;
import dev.redoubt.node.walls.report.WallFindings;
import dev.redoubt.node.walls.report.WallsEvent;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.node.walls.report.WallsWatch;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The report of a sandbox with a kernel of its own: what this host's kernel holds that with, and nothing of what is inside. */
class GvisorWallsReportTest {
    private static Place place;
    private static Node node;

    @BeforeAll
    static void open() throws IOException {
        assumeTrue(Node.isInstalled(Driver.GVISOR), "runsc is not installed");
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
        return SandboxSpec.of("busybox").withDriver(Driver.GVISOR);
    }

    private static int kernel(Sandbox sandbox) {
        return Pidfd.number(sandbox.pidfd()).orElseThrow();
    }

    private static WallsReport read(Sandbox sandbox) throws Exception {
        sandbox.guest().ready().get(10, TimeUnit.SECONDS);
        return sandbox.walls().read();
    }

    private static void assertAsAsked(WallsReport report) {
        assertThat(report.worse().stream().map(Finding::words)).isEmpty();
        assertThat(report.verdict()).isEqualTo(Verdict.AS_ASKED);
    }

    /** Processes inside are processes of runsc's here, which come and go with them. */
    @Test
    void runscsProcessesAreAsAskedAndWhatNobodySeesIsNotReported() throws Exception {
        try (Sandbox sandbox = node.create(spec())) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            RunRequest busy =
                    RunRequest.exec("sh", "-c", "while :; do /bin/true; done").withUser("1000");
            try (GuestJob job = sandbox.guest().run(busy, (from, output) -> from.acknowledge(output.seq()))) {
                job.started().get(10, TimeUnit.SECONDS);
                for (int i = 0; i < 10; i++) {
                    assertAsAsked(sandbox.walls().read());
                }
                WallsReport report = sandbox.walls().read();
                assertThat(report.driver()).isEqualTo("gvisor");
                assertThat(report.processes()).isGreaterThanOrEqualTo(3);
                assertThat(report.walls().stream().map(WallFindings::wall))
                        .contains(Wall.NAMESPACES, Wall.IDS, Wall.CAPABILITIES, Wall.SYSCALLS, Wall.LIMITS)
                        .contains(Wall.MOUNTS, Wall.NETWORK)
                        .doesNotContain(Wall.LANDLOCK, Wall.DESCRIPTORS);
            }
        }
    }

    /** Somebody who is root on the host, and what he does to one sandbox. */
    private record Hand(Verdict verdict, List<Wall> walls, Deed deed) {
        interface Deed {
            void to(Sandbox sandbox) throws Exception;
        }
    }

    private static List<Hand> hands(List<Process> strangers) {
        return List.of(
                new Hand(
                        Verdict.WEAKER,
                        List.of(Wall.LIMITS),
                        sandbox -> sandbox.cgroup().apply(Limits.DEFAULT.withMemory(Size.ofGib(2)), List.of())),
                new Hand(
                        Verdict.MISSING,
                        List.of(Wall.LIMITS),
                        sandbox -> Files.writeString(
                                Place.groups().resolveSibling("cgroup.procs"), Integer.toString(kernel(sandbox)))),
                new Hand(
                        Verdict.MISSING,
                        List.of(Wall.NAMESPACES, Wall.IDS, Wall.CAPABILITIES, Wall.SYSCALLS),
                        sandbox -> {
                            strangers.add(new ProcessBuilder("sleep", "30").start());
                            sandbox.cgroup().join((int) strangers.getLast().pid());
                        }),
                new Hand(Verdict.WEAKER, List.of(Wall.NETWORK), sandbox -> {
                    String kernel = Integer.toString(kernel(sandbox));
                    Process ip = new ProcessBuilder(
                                    "nsenter", "-t", kernel, "-n", "ip", "tuntap", "add", "dev", "tap7", "mode", "tap")
                            .start();
                    assertThat(ip.waitFor()).isZero();
                }));
    }

    @Test
    void whateverIsWeakenedByHandIsKnown() throws Exception {
        List<Process> strangers = new ArrayList<>();
        try {
            for (Hand hand : hands(strangers)) {
                try (Sandbox sandbox = node.create(spec())) {
                    assertAsAsked(read(sandbox));
                    hand.deed().to(sandbox);
                    WallsReport report = sandbox.walls().read();
                    assertThat(report.walls().stream()
                                    .filter(wall -> wall.verdict() != Verdict.AS_ASKED)
                                    .map(WallFindings::wall))
                            .as("%s", report.worse())
                            .containsExactlyElementsOf(hand.walls());
                    assertThat(report.verdict()).isEqualTo(hand.verdict());
                }
            }
        } finally {
            strangers.forEach(Process::destroyForcibly);
        }
    }

    @Test
    void aProfileMayStopWhatHasDriftedAndItEndsAllTheSame() throws Exception {
        Profile profile = ProfileReader.alone().read("p.yaml", "{name: p, extends: default, on-drift: freeze}");
        Sandbox sandbox = node.create(spec().withProfile(profile));
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
    }

    @Test
    void aRunSaysWhatHoldsIt() throws Exception {
        Cli.Said said = new Cli(place).run("run", "--walls", "--driver", "gvisor", "--", "echo", "out");
        assertThat(said.exit()).as(said.errors()).isZero();
        assertThat(said.errors())
                .contains(": as asked", "profile default, gvisor driver", "what is mounted inside its own kernel knows")
                .doesNotContain("weaker", "MISSING", "landlock");
    }
}
