package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.PidNamespace;
import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.cgroup.Cgroups;
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
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The report of real sandboxes: as asked where nobody touched them, and not where somebody did. */
@Tag("vm")
class WallsReportTest {
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

    static int guest(Sandbox sandbox) {
        try (PidNamespace processes = PidNamespace.of(sandbox.pidfd()).orElseThrow()) {
            return processes.init().orElseThrow();
        }
    }

    private static WallsReport read(Sandbox sandbox) throws Exception {
        sandbox.guest().ready().get(10, TimeUnit.SECONDS);
        return sandbox.walls().read();
    }

    private static Profile profile(String yaml) {
        return ProfileReader.alone().read("p.yaml", yaml);
    }

    private static void assertAsAsked(WallsReport report) {
        assertThat(report.worse().stream().map(Finding::words)).isEmpty();
        assertThat(report.verdict()).isEqualTo(Verdict.AS_ASKED);
    }

    private static GuestJob start(Sandbox sandbox, RunRequest request) throws Exception {
        GuestJob job = sandbox.guest().run(request, (from, output) -> from.acknowledge(output.seq()));
        job.started().get(10, TimeUnit.SECONDS);
        return job;
    }

    private static RunRequest asRoot(Profile profile, RunRequest request) {
        long mask = Capability.mask(Capability.ofRootJob(profile));
        return request.withUser("0").withCapabilities(mask, mask);
    }

    private static RunRequest shell(String script) {
        return RunRequest.exec("sh", "-c", script);
    }

    // --- nobody touched them ---

    @Test
    void everyBuiltInProfileIsAsAsked() throws Exception {
        for (String name : BuiltIns.NAMES) {
            Profile profile = BuiltIns.find(name).orElseThrow();
            SandboxSpec spec = SandboxSpec.of("busybox")
                    .withProfile(profile)
                    .withLimits(profile.resources().limits())
                    .onSharedKernel();
            try (Sandbox sandbox = node.create(spec)) {
                sandbox.guest().ready().get(10, TimeUnit.SECONDS);
                RunRequest request = shell("sleep 60 & sleep 60");
                boolean single = profile.users() == Profile.Users.SINGLE;
                try (GuestJob _ = start(sandbox, single ? request : request.withUser("1000"));
                        GuestJob _ = start(sandbox, single ? request : asRoot(profile, request))) {
                    WallsReport report = read(sandbox);
                    assertAsAsked(report);
                    assertThat(report.profile()).isEqualTo(name);
                    assertThat(report.processes()).as(name).isGreaterThanOrEqualTo(3);
                    assertThat(report.sharedKernelAccepted()).isEqualTo(name.equals("hostile-tenant"));
                    for (WallFindings wall : report.walls()) {
                        assertThat(wall.findings())
                                .as("%s of %s", wall.wall(), name)
                                .isNotEmpty();
                    }
                }
            }
        }
    }

    @Test
    void mountsReadOnlyRootsAndRulesForFilesAreAsAsked() throws Exception {
        Path shown = Files.createDirectory(place.file("shown"));
        Profile profile = profile("""
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
                1000);
        try (Sandbox sandbox = node.create(spec)) {
            WallsReport report = read(sandbox);
            assertAsAsked(report);
            assertThat(report.of(Wall.MOUNTS).findings().stream().map(Finding::what))
                    .contains("mount on /mnt/shown", "mount on /root", "mount on /etc/passwd", "mount on /var")
                    .doesNotContain("mount on /nowhere");
        }
    }

    /** Whoever looks while a sandbox works must not cry wolf: jobs begin as process 1 and end at any moment. */
    @Test
    void jobsThatComeAndGoAreNoDrift() throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            try (GuestJob _ =
                    start(sandbox, shell("while :; do /bin/true; done").withUser("1000"))) {
                for (int i = 0; i < 40; i++) {
                    try (GuestJob _ = start(sandbox, shell("true").withUser("1000"))) {
                        assertAsAsked(sandbox.walls().read());
                    }
                }
            }
        }
    }

    @Test
    void aProcessMayCallItselfWhatItLikes() throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            String script = "printf 'x\\nUid:\\t0\\t0' >/proc/$$/comm; cat /proc/$$/comm >/tmp/name; sleep 60; :";
            try (GuestJob _ = start(sandbox, shell(script).withUser("1000"))) {
                Place.until(
                        "it has its name",
                        5,
                        () -> Jobs.run(sandbox, "1000", "cat", "/tmp/name")
                                .text()
                                .contains("Uid:"));
                assertAsAsked(sandbox.walls().read());
            }
        }
    }

    @Test
    void fiveHundredProcessesAreOneLine() throws Exception {
        SandboxSpec spec = SandboxSpec.of("busybox").withLimits(Limits.DEFAULT.withPids(700));
        try (Sandbox sandbox = node.create(spec)) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            try (GuestJob _ = start(
                    sandbox,
                    shell("i=0; while [ $i -lt 500 ]; do sleep 99 & i=$((i+1)); done; wait")
                            .withUser("1000"))) {
                Place.until("they run", 20, () -> sandbox.cgroup().usage().pids() > 500);
                long begun = System.nanoTime();
                WallsReport report = sandbox.walls().read();
                long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
                assertAsAsked(report);
                assertThat(report.processes()).isGreaterThan(500);
                assertThat(took).as("milliseconds").isLessThan(2_000);
                assertThat(report.walls().stream()
                                .mapToInt(wall -> wall.findings().size())
                                .sum())
                        .as("findings")
                        .isLessThan(200);
            }
        }
    }

    // --- a wall that was never there ---

    /** A host with nothing but lo, as the test machine, has a network like that of a sandbox: only the namespace differs. */
    private static boolean hostHasNetwork() throws Exception {
        return Place.names(Path.of("/sys/class/net")).size() > 1;
    }

    @Test
    void aWallThatWasLeftAwayIsMissing() throws Exception {
        Map<TestSwitches.Layer, List<Wall>> layers = new EnumMap<>(Map.of(
                TestSwitches.Layer.SECCOMP, List.of(Wall.SYSCALLS),
                TestSwitches.Layer.LANDLOCK, List.of(Wall.LANDLOCK),
                TestSwitches.Layer.PRIVILEGES, List.of(Wall.IDS, Wall.CAPABILITIES),
                TestSwitches.Layer.CGROUPS, List.of(Wall.LIMITS),
                TestSwitches.Layer.NETWORK,
                        hostHasNetwork() ? List.of(Wall.NAMESPACES, Wall.NETWORK) : List.of(Wall.NAMESPACES)));
        for (var layer : layers.entrySet()) {
            try (Place other = Place.make();
                    Node weak =
                            other.open(other.settings().withSwitches(new TestSwitches(EnumSet.of(layer.getKey()))));
                    Sandbox sandbox = weak.create(SandboxSpec.of("busybox"))) {
                WallsReport report = read(sandbox);
                assertThat(report.walls().stream()
                                .filter(wall -> wall.verdict() != Verdict.AS_ASKED)
                                .map(WallFindings::wall))
                        .as("without %s: %s", layer.getKey(), report.worse())
                        .containsAll(layer.getValue())
                        .allMatch(wall ->
                                layer.getValue().contains(wall) || layer.getKey() == TestSwitches.Layer.NETWORK);
                assertThat(report.verdict()).isNotEqualTo(Verdict.AS_ASKED);
            }
        }
    }

    // --- a wall that somebody weakened ---

    /** Somebody who is root on the host, and what he does to one sandbox. */
    record Hand(Wall wall, Verdict verdict, String found, Deed deed) {
        interface Deed {
            void to(Sandbox sandbox, int guest) throws Exception;
        }
    }

    static Map<String, Hand> hands() throws IOException {
        Map<String, Hand> hands = new LinkedHashMap<>();
        hands.put(
                "more memory",
                new Hand(
                        Wall.LIMITS,
                        Verdict.WEAKER,
                        "memory:",
                        (sandbox, _) -> sandbox.cgroup().apply(Limits.DEFAULT.withMemory(Size.ofGib(2)), List.of())));
        hands.put("any number of processes", new Hand(Wall.LIMITS, Verdict.MISSING, "pids:", (sandbox, _) -> {
            Path pids = Path.of("/sys/fs/cgroup/pids/redoubt");
            Path groups = Files.isDirectory(pids) ? pids : Path.of("/sys/fs/cgroup/redoubt");
            Files.writeString(groups.resolve(sandbox.cgroup().name()).resolve("pids.max"), "max");
        }));
        hands.put(
                "out of its group",
                new Hand(
                        Wall.LIMITS,
                        Verdict.MISSING,
                        "control groups:",
                        (_, guest) -> Files.writeString(
                                Place.groups().resolveSibling("cgroup.procs"), Integer.toString(guest))));
        hands.put(
                "a mount",
                new Hand(
                        Wall.MOUNTS,
                        Verdict.WEAKER,
                        "mount on /mnt:",
                        (_, guest) -> inMounts(guest, "mount", "-t", "tmpfs", "none", "/mnt")));
        hands.put(
                "a mount over /proc",
                new Hand(
                        Wall.MOUNTS,
                        Verdict.WEAKER,
                        "mount on /proc:",
                        (_, guest) -> inMounts(guest, "mount", "-t", "proc", "none", "/proc")));
        hands.put(
                "without a mask",
                new Hand(
                        Wall.MOUNTS,
                        Verdict.MISSING,
                        "mount on /proc/kallsyms:",
                        (_, guest) -> inMounts(guest, "umount", "/proc/kallsyms")));
        hands.put(
                "settings that can be written",
                new Hand(
                        Wall.MOUNTS,
                        Verdict.WEAKER,
                        "mount on /proc/sys:",
                        (_, guest) -> inMounts(guest, "mount", "-o", "remount,bind,rw", "/proc/sys")));
        hands.put(
                "an address",
                new Hand(
                        Wall.NETWORK,
                        Verdict.WEAKER,
                        "addresses:",
                        (_, guest) -> host(
                                "nsenter",
                                "-t",
                                guest + "",
                                "-n",
                                "ip",
                                "address",
                                "add",
                                "198.51.100.7/32",
                                "dev",
                                "lo")));
        hands.put(
                "an interface",
                new Hand(
                        Wall.NETWORK,
                        Verdict.WEAKER,
                        "interfaces:",
                        (_, guest) -> host(
                                "nsenter",
                                "-t",
                                guest + "",
                                "-n",
                                "ip",
                                "tuntap",
                                "add",
                                "dev",
                                "tap7",
                                "mode",
                                "tap")));
        hands.put(
                "a process of the host among its own",
                new Hand(
                        Wall.SYSCALLS,
                        Verdict.MISSING,
                        "seccomp mode:",
                        (_, guest) ->
                                new ProcessBuilder("nsenter", "-t", guest + "", "-p", "-m", "sleep", "30").start()));
        hands.put(
                "a process with the host's limits",
                new Hand(
                        Wall.RLIMITS,
                        Verdict.WEAKER,
                        "Max core file size:",
                        (_, guest) ->
                                new ProcessBuilder("nsenter", "-t", guest + "", "-p", "-m", "sleep", "30").start()));
        if (mayRaiseLimits()) {
            hands.put(
                    "more open files",
                    new Hand(
                            Wall.RLIMITS,
                            Verdict.WEAKER,
                            "Max open files:",
                            (_, guest) -> host("prlimit", "--pid", guest + "", "--nofile=32768:32768")));
            hands.put(
                    "spared when memory is short",
                    new Hand(
                            Wall.RLIMITS,
                            Verdict.WEAKER,
                            "oom_score_adj:",
                            (_, guest) -> Files.writeString(Path.of("/proc/" + guest + "/oom_score_adj"), "-500")));
        }
        return hands;
    }

    /** CAP_SYS_RESOURCE; not every root has it. */
    private static boolean mayRaiseLimits() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("CapEff:"))
                .anyMatch(
                        line -> (Long.parseUnsignedLong(line.substring(8), 16) & Capability.SYS_RESOURCE.mask()) != 0);
    }

    private static void inMounts(int guest, String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of("nsenter", "-t", Integer.toString(guest), "-m", "-p"));
        all.addAll(List.of(command));
        host(all.toArray(String[]::new));
    }

    private static void host(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isZero();
    }

    @Test
    void whateverIsWeakenedByHandIsKnownWithinTenSeconds() throws Exception {
        Map<SandboxId, List<WallsEvent>> heard = new ConcurrentHashMap<>();
        node.onDrift((id, event) ->
                heard.computeIfAbsent(id, _ -> new CopyOnWriteArrayList<>()).add(event));
        Map<String, Hand> hands = hands();
        Map<String, Sandbox> sandboxes = new LinkedHashMap<>();
        try {
            for (String name : hands.keySet()) {
                sandboxes.put(name, node.create(SandboxSpec.of("busybox")));
            }
            Sandbox untouched = node.create(SandboxSpec.of("busybox"));
            sandboxes.put("untouched", untouched);
            for (Sandbox sandbox : sandboxes.values()) {
                assertAsAsked(read(sandbox));
            }
            long begun = System.nanoTime();
            for (var hand : hands.entrySet()) {
                Sandbox sandbox = sandboxes.get(hand.getKey());
                hand.getValue().deed().to(sandbox, guest(sandbox));
            }
            Place.until("drift of all of them: " + heard.keySet(), 12, () -> heard.size() == hands.size());
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
            for (var hand : hands.entrySet()) {
                assertReported(hand.getKey(), hand.getValue(), sandboxes.get(hand.getKey()), heard);
            }
            assertThat(heard).doesNotContainKey(untouched.id());
            assertAsAsked(read(untouched));
        } finally {
            node.onDrift((_, _) -> {});
            sandboxes.values().forEach(Sandbox::close);
        }
    }

    private static void assertReported(
            String name, Hand hand, Sandbox sandbox, Map<SandboxId, List<WallsEvent>> heard) {
        WallsEvent event = heard.get(sandbox.id()).getFirst();
        assertThat(event.kind()).as(name).isEqualTo(WallsEvent.Kind.DRIFTED);
        assertThat(event.words()).as(name).isNotEmpty();
        WallsReport report = sandbox.walls().read();
        assertThat(report.of(hand.wall()).verdict()).as(name).isEqualTo(hand.verdict());
        assertThat(report.of(hand.wall()).worse().stream().map(Finding::words))
                .as(name)
                .anyMatch(words -> words.contains(hand.found()));
        assertThat(report.events()).contains(event);
    }

    @Test
    void whatIsMendedIsSaidToBeAndWhatStaysIsSaidOnce() throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"));
                WallsWatch _ =
                        WallsWatch.start(() -> List.of(sandbox.walls()), (_, _) -> {}, Duration.ofMillis(50), true)) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            sandbox.cgroup().apply(Limits.DEFAULT.withPids(999), List.of());
            Place.until("drift", 5, () -> !sandbox.walls().events().isEmpty());
            TimeUnit.MILLISECONDS.sleep(300); // some rounds more
            assertThat(sandbox.walls().latest()).contains(Verdict.WEAKER);
            sandbox.cgroup().apply(Limits.DEFAULT, List.of());
            Place.until("mended", 5, () -> sandbox.walls().events().size() > 1);
            assertThat(sandbox.walls().events().stream().map(WallsEvent::kind))
                    .containsExactly(WallsEvent.Kind.DRIFTED, WallsEvent.Kind.MENDED);
            assertThat(sandbox.walls().events().getFirst().words()).hasSize(1);
        }
    }

    // --- what is frozen ---

    @Test
    void aProfileMayStopWhatHasDriftedAndItEndsAllTheSame() throws Exception {
        Profile profile = profile("{name: p, extends: default, on-drift: freeze}");
        Sandbox sandbox = node.create(SandboxSpec.of("busybox").withProfile(profile));
        Path counter = Path.of("/proc/" + guest(sandbox) + "/root/tmp/counter");
        try (WallsWatch _ =
                WallsWatch.start(() -> List.of(sandbox.walls()), (_, _) -> {}, Duration.ofMillis(100), true)) {
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            start(
                    sandbox,
                    shell("i=0; while :; do i=$((i+1)); echo $i >/tmp/counter; done")
                            .withUser("1000"));
            Place.until("it counts", 5, () -> Files.exists(counter) && counts(counter));
            assertThat(sandbox.cgroup().isFrozen()).as("control").isFalse();

            sandbox.cgroup().apply(Limits.DEFAULT.withPids(999), List.of());
            Place.until("it is stopped", 5, sandbox.cgroup()::isFrozen);
            Place.until("and said to be", 5, () -> sandbox.walls().events().size() > 1);
            assertThat(counts(counter)).isFalse();
            assertThat(sandbox.walls().events().stream().map(WallsEvent::kind))
                    .containsExactly(WallsEvent.Kind.DRIFTED, WallsEvent.Kind.FROZEN);
            assertThat(sandbox.walls().read().frozen()).isTrue();
        }
        long begun = System.nanoTime();
        sandbox.close();
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(3));
        assertThat(Files.exists(counter)).isFalse();
    }

    private static boolean counts(Path counter) throws Exception {
        String before = Files.readString(counter);
        TimeUnit.MILLISECONDS.sleep(200);
        return !Files.readString(counter).equals(before);
    }

    /** With version 1 of control groups what is stopped does not even die; the node lets it. */
    @Test
    void theSpawnersDeathEndsWhatIsStopped() throws Exception {
        try (Place other = Place.make()) {
            Node dying = other.open(other.settings());
            Sandbox sandbox = dying.create(SandboxSpec.of("busybox"));
            sandbox.guest().ready().get(10, TimeUnit.SECONDS);
            sandbox.cgroup().freeze();
            ProcessHandle guest = ProcessHandle.of(guest(sandbox)).orElseThrow();
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
            closeWithoutSpawner(dying);
            try (Node next = Node.open(other.settings())) {
                assertThat(next.adopted()).isEmpty();
            }
            Place.until("its spawner ends", 10, () -> other.processes().isEmpty());
            assertThat(other.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    static void closeWithoutSpawner(Node node) {
        try {
            node.close();
        } catch (RuntimeException nobodyToTell) { // what is left is the next one's to sweep, which is what is shown
            assertThat(nobodyToTell).isNotNull();
        }
    }

    /** And where no node is left either, the next one's sweep does. */
    @Test
    void theSweepEndsWhatIsStopped() throws Exception {
        try (Place other = Place.make()) {
            Cli cli = new Cli(other);
            Process run = cli.start("run", "--", "sh", "-c", "echo up; sleep 1000");
            assertThat(run.inputReader().readLine()).isEqualTo("up");
            String group = Place.names(Place.groups()).stream()
                    .filter(name -> ownersOf(other).stream().anyMatch(name::startsWith))
                    .findFirst()
                    .orElseThrow();
            Cgroups.detect().existing(group).freeze();
            List<ProcessHandle> spawners = other.spawners();
            run.destroyForcibly().waitFor();
            spawners.forEach(ProcessHandle::destroyForcibly);
            TimeUnit.MILLISECONDS.sleep(300);
            if (Files.isDirectory(Path.of("/sys/fs/cgroup/freezer/redoubt"))) {
                assertThat(other.processes())
                        .as("control: stopped, they do not die")
                        .isNotEmpty();
            }
            try (Node next = Node.open(other.settings())) {
                assertThat(next.adopted()).isEmpty();
            }
            Place.until("its spawner ends", 10, () -> other.processes().isEmpty());
            assertThat(other.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    private static List<String> ownersOf(Place place) {
        try {
            return Place.names(place.data().resolve("node/owners"));
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    // --- what the kernel does not show ---

    /** By ptrace, which the report itself does not use: it would stop process 1 of somebody's sandbox. */
    @Test
    void theRecordedFilterIsTheOneThatTheKernelHas() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "python3");
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            Finding recorded = read(sandbox).of(Wall.SYSCALLS).findings().stream()
                    .filter(finding -> finding.proof() == Proof.RECORDED)
                    .findFirst()
                    .orElseThrow();
            String said = filterOf(guest(sandbox), place);
            Assumptions.assumeFalse(said.contains("1036: Input/output error"), "a kernel without checkpoints");
            assertThat(recorded.found()).startsWith("sha256:" + said + ",");
            assertThat(Jobs.run(sandbox, "1000", "echo", "still here").text()).isEqualTo("still here\n");
        }
    }

    /** The hash of the filter that the kernel has for a process, or why it cannot be had. */
    static String filterOf(int pid, Place place) throws Exception {
        Path script = Files.writeString(place.file("filter.py"), """
                import ctypes, hashlib, os, sys
                libc = ctypes.CDLL(None, use_errno=True)
                libc.ptrace.argtypes = [ctypes.c_long] * 4
                libc.ptrace.restype = ctypes.c_long
                pid = int(sys.argv[1])
                def ptrace(request, address, data):
                    result = libc.ptrace(request, pid, address, data)
                    if result < 0:
                        sys.exit(str(request) + ": " + os.strerror(ctypes.get_errno()))
                    return result
                ptrace(0x4206, 0, 0)             # PTRACE_SEIZE
                ptrace(0x4207, 0, 0)             # PTRACE_INTERRUPT
                os.waitpid(pid, 0)
                length = ptrace(0x420c, 0, 0)    # PTRACE_SECCOMP_GET_FILTER
                buffer = ctypes.create_string_buffer(length * 8)
                ptrace(0x420c, 0, ctypes.addressof(buffer))
                print(hashlib.sha256(buffer.raw).hexdigest())
                """);
        Process process = new ProcessBuilder("python3", script.toString(), Integer.toString(pid))
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }
}
