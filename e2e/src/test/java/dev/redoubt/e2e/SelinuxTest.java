package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.PidNamespace;
import dev.redoubt.linux.Pipe;
import dev.redoubt.linux.SecurityLabels;
import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.TerminalSize;
import dev.redoubt.node.label.Selinux;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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

/** Contexts of SELinux on real sandboxes. Only where the host has it, as the test machine of vm/ has with --selinux. */
@Tag("vm")
class SelinuxTest {
    private static final long FIVE = Capability.mask(Capability.ofRootJob(Profile.DEFAULT));

    /** Bits of all capabilities that the kernel of the test machine has. */
    private static final long ALL = (1L << Capability.values().length) - 1;

    private static final TestSwitches.Layer[] OTHERS = {
        TestSwitches.Layer.PRIVILEGES, TestSwitches.Layer.SECCOMP, TestSwitches.Layer.LANDLOCK
    };

    /** Of every sandbox and of none: what an operator gives to a directory that sandboxes may share. */
    private static final String SHARED = "system_u:object_r:redoubt_file_t:s0";

    private static final String GUEST_PROGRAM = "system_u:object_r:redoubt_exec_t:s0";

    private Place place;

    @BeforeEach
    void open() throws IOException {
        assumeTrue(Selinux.ofHost() instanceof Selinux.Usable, () -> "no context can be had here: " + Selinux.ofHost());
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
        return place.open(place.settings().withSwitches(new TestSwitches(Set.of(off))));
    }

    private static SandboxSpec spec() {
        return SandboxSpec.of("busybox");
    }

    private static SandboxSpec with(Profile profile, HostMount... mounts) {
        return new SandboxSpec(
                "busybox",
                profile,
                profile.resources().limits(),
                NetworkMode.NONE,
                false,
                "sandbox",
                List.of(mounts),
                1000);
    }

    private static RunRequest asRoot(RunRequest request) {
        return request.withUser("0").withCapabilities(FIVE, FIVE);
    }

    private static GuestJob start(Sandbox sandbox, RunRequest request) throws Exception {
        GuestJob job = sandbox.guest().run(request, (from, output) -> from.acknowledge(output.seq()));
        job.started().get(60, TimeUnit.SECONDS);
        return job;
    }

    private static String context(int pid) {
        return LinuxFiles.readOnce("/proc/" + pid + "/attr/current").replace("\0", "");
    }

    /** What the kernel has each process of a sandbox as, by its number inside. */
    private static Map<Integer, String> contexts(Sandbox sandbox) {
        Map<Integer, String> contexts = new TreeMap<>();
        try (PidNamespace processes = PidNamespace.of(sandbox.pidfd()).orElseThrow()) {
            for (int inside = 1; inside < 100; inside++) {
                int number = inside;
                processes.outside(inside).ifPresent(pid -> contexts.put(number, context(pid)));
            }
        }
        return contexts;
    }

    /** {@code s0:cA,cB} of a sandbox, from its process 1. */
    private static String level(Sandbox sandbox) throws Exception {
        sandbox.guest().ready().get(60, TimeUnit.SECONDS);
        String context = contexts(sandbox).get(1);
        assertThat(context).matches("system_u:system_r:redoubt_t:s0:c\\d+,c\\d+");
        return context.substring(Selinux.DOMAIN.length() + 1);
    }

    // --- every process and file has one, and each sandbox its own ---

    @Test
    void everyProcessAndFileHasTheContextOfItsSandbox() throws Exception {
        try (Node node = node();
                Sandbox one = node.create(spec());
                Sandbox other = node.create(spec())) {
            RunRequest request = RunRequest.exec("sh", "-c", "sleep 600 & sleep 600");
            String level = level(one);
            assertThat(level(other)).isNotEqualTo(level);
            try (GuestJob _ = start(one, request.withUser("1000"));
                    GuestJob _ = start(one, asRoot(request))) {
                Place.until(
                        "the processes behind the jobs", 60, () -> contexts(one).size() >= 5);
                assertThat(contexts(one).values()).containsOnly(Selinux.DOMAIN + ":" + level);
                WallsReport report = one.walls().read();
                assertThat(report.worse().stream().map(Finding::words)).isEmpty();
                assertThat(report.of(Wall.LABELS).summary()).contains("SELinux, " + Selinux.DOMAIN + ":" + level);
            }
            Jobs.run(one, "1000", "sh", "-c", "echo >/tmp/new; echo >/dev/shm/new; echo >$HOME/new");
            Path root = Path.of("/proc", Integer.toString(WallsReportTest.guest(one)), "root");
            for (String file :
                    List.of(".", "bin/busybox", "tmp/new", "dev/shm/new", "dev/null", "dev/pts/ptmx", "proc/uptime")) {
                assertThat(SecurityLabels.of(root.resolve(file)))
                        .as(file)
                        .isEqualTo("system_u:object_r:redoubt_file_t:" + level);
            }
            assertThat(context((int) ProcessHandle.current().pid()))
                    .as("control: whoever builds them is something else")
                    .doesNotContain("redoubt");
        }
    }

    @Test
    void everyBuiltInProfileRunsInOneOfTheDomains() throws Exception {
        try (Node node = node()) {
            for (Profile profile : BuiltIns.all()) {
                try (Sandbox sandbox = node.create(spec().withProfile(profile).onSharedKernel())) {
                    String wanted = profile.name().equals("development") ? Selinux.TRACING_DOMAIN : Selinux.DOMAIN;
                    String user = profile.users() == Profile.Users.SINGLE ? "" : "1000";
                    assertThat(Jobs.run(sandbox, user, "cat", "/proc/self/attr/current")
                                    .text())
                            .as(profile.name())
                            .startsWith(wanted + ":s0:c");
                }
            }
        }
    }

    @Test
    void crunsSandboxesAreInItToo() throws Exception {
        assumeTrue(Node.isInstalled(Driver.CRUN), "crun is not installed");
        try (Node node = node();
                Sandbox sandbox = node.create(spec().withDriver(Driver.CRUN))) {
            String level = level(sandbox);
            try (GuestJob _ = start(sandbox, RunRequest.exec("sleep", "600").withUser("1000"))) {
                assertThat(contexts(sandbox)).hasSizeGreaterThanOrEqualTo(2);
                assertThat(contexts(sandbox).values()).containsOnly(Selinux.DOMAIN + ":" + level);
                assertThat(sandbox.walls().read().of(Wall.LABELS).verdict()).isEqualTo(Verdict.AS_ASKED);
            }
            assertThat(Jobs.run(sandbox, "1000", "sh", "-c", "echo hello >/tmp/a; cat /tmp/a")
                            .text())
                    .isEqualTo("hello\n");
            Path root = Path.of("/proc", Integer.toString(WallsReportTest.guest(sandbox)), "root");
            assertThat(SecurityLabels.of(root.resolve("tmp/a"))).isEqualTo("system_u:object_r:redoubt_file_t:" + level);
        }
    }

    // --- it holds, alone ---

    private static TestSwitches.Layer[] withoutLabelAnd(TestSwitches.Layer... others) {
        List<TestSwitches.Layer> all = new ArrayList<>(List.of(others));
        all.add(TestSwitches.Layer.LABEL);
        return all.toArray(TestSwitches.Layer[]::new);
    }

    private Path directory(String name, String content) throws IOException {
        Path directory = Files.createDirectories(place.file(name));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(directory.resolve("file"), content);
        return directory;
    }

    private String readsMount(Path source, TestSwitches.Layer... off) throws Exception {
        try (Node node = node(off);
                Sandbox sandbox = node.create(with(Profile.DEFAULT, new HostMount(source, "/mnt", true)))) {
            return Jobs.run(sandbox, "1000", "cat", "/mnt/file").text();
        }
    }

    /** Mounts, owners and Landlock let it be read: as if somebody had mounted, or handed in, what he should not have. */
    @Test
    void aFileOfTheHostIsRefusedByItAlone() throws Exception {
        Path source = directory("hosts", "the host's\n");
        assertThat(readsMount(source, TestSwitches.Layer.LABEL)).as("control").isEqualTo("the host's\n");
        assertThat(readsMount(source)).contains("Permission denied").doesNotContain("the host's");
        SecurityLabels.setAll(source, SHARED);
        assertThat(readsMount(source))
                .as("once an operator has said that sandboxes may")
                .isEqualTo("the host's\n");
    }

    @Test
    void aFileOfAnotherSandboxIsRefusedByItAlone() throws Exception {
        Path source = directory("others", "of the first\n");
        HostMount mount = new HostMount(source, "/mnt", true);
        try (Node node = node();
                Sandbox first = node.create(with(Profile.DEFAULT, mount));
                Sandbox second = node.create(with(Profile.DEFAULT, mount))) {
            SecurityLabels.setAll(source, SHARED);
            assertThat(Jobs.run(second, "1000", "cat", "/mnt/file").text())
                    .as("control: before it is the first one's")
                    .isEqualTo("of the first\n");
            SecurityLabels.setAll(source, "system_u:object_r:redoubt_file_t:" + level(first));
            assertThat(Jobs.run(first, "1000", "cat", "/mnt/file").text())
                    .as("control: whose it is")
                    .isEqualTo("of the first\n");
            assertThat(Jobs.run(second, "1000", "cat", "/mnt/file").text())
                    .contains("Permission denied")
                    .doesNotContain("of the first");
        }
    }

    private String readsDescriptor(Path file, TestSwitches.Layer... off) throws Exception {
        Pipe output = Pipe.open();
        try (Node node = node(off);
                Sandbox sandbox = node.create(spec());
                Fd read = output.reading()) {
            RunRequest request = RunRequest.exec("cat").withUser("1000");
            Fd input = LinuxFiles.open(file.toString(), LinuxFiles.O_RDONLY);
            try (GuestJob job = sandbox.guest()
                    .run(request, input, output.writing(), (from, errors) -> from.acknowledge(errors.seq()))) {
                job.exit().get(60, TimeUnit.SECONDS);
            }
            return LinuxFiles.readOnce(read);
        }
    }

    /** Handed to the guest by whoever holds its channel, open already: no path is looked up and no owner is asked. */
    @Test
    void aDescriptorOfAFileOfTheHostIsRefusedByItAlone() throws Exception {
        Path file = directory("smuggled", "the host's\n").resolve("file");
        assertThat(readsDescriptor(file, TestSwitches.Layer.LABEL))
                .as("control")
                .isEqualTo("the host's");
        assertThat(readsDescriptor(file)).isEmpty();
        SecurityLabels.setAll(file, SHARED);
        assertThat(readsDescriptor(file)).as("control: it is by its label").isEqualTo("the host's");
    }

    /** Inside as uid 0, in the sandbox's user namespace, where who has the capability may mount. */
    private Jobs.Result mounts(TestSwitches.Layer... off) throws Exception {
        try (Node node = node(off);
                Sandbox sandbox = node.create(spec())) {
            RunRequest request = RunRequest.exec("sh", "-c", "mount -t tmpfs none /mnt && echo mounted")
                    .withUser("0")
                    .withCapabilities(ALL, ALL);
            return Jobs.run(sandbox, request);
        }
    }

    @Test
    void mountIsRefusedByItAlone() throws Exception {
        assertThat(mounts(withoutLabelAnd(OTHERS)).text())
                .as("control: without a label the same call succeeds")
                .isEqualTo("mounted\n");
        assertThat(mounts(OTHERS).text()).startsWith("mount: ").doesNotContain("mounted\n");
    }

    /** PTRACE_TRACEME, which needs no capability: asked of the parent, process 1. */
    private String traces(Profile profile, TestSwitches.Layer... off) throws Exception {
        try (Node node = node(off);
                Sandbox sandbox = node.create(with(profile, new HostMount(probes(), "/mnt", true)))) {
            return Jobs.run(sandbox, "1000", "/mnt/walls-probe", "call", "101", "0", "0", "0", "0")
                    .text();
        }
    }

    /** A directory with the probe that sandboxes may share. */
    private Path probes() throws IOException {
        Path directory = Files.createDirectories(place.file("probes"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path probe = directory.resolve("walls-probe");
        if (Files.notExists(probe)) {
            Files.copy(Place.NATIVES.resolve("walls-probe"), probe);
            Files.setPosixFilePermissions(probe, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        SecurityLabels.setAll(directory, SHARED);
        return directory;
    }

    @Test
    void tracingIsRefusedByItAlone() throws Exception {
        TestSwitches.Layer[] filter = {TestSwitches.Layer.SECCOMP};
        assertThat(traces(Profile.DEFAULT, withoutLabelAnd(filter)))
                .as("control: without filter and label it succeeds")
                .isEqualTo("0\n");
        assertThat(traces(Profile.DEFAULT, filter)).isEqualTo("-13\n");
        assertThat(traces(BuiltIns.find("development").orElseThrow()))
                .as("where a profile allows it")
                .isEqualTo("0\n");
    }

    /** The probe, started from the host in a domain; a label that lets its exec enter one can only lie in memory. */
    private static final class Outsider implements AutoCloseable {
        private final Path directory;
        private final Process process;

        /**
         * Starts it.
         *
         * @param before a program and its options, that starts the rest as it is told
         * @param context empty for none
         */
        Outsider(List<String> before, String context, String... call) throws IOException {
            directory = Files.createTempDirectory(Path.of("/dev/shm"), "rdt-");
            Path probe = Files.copy(Place.NATIVES.resolve("walls-probe"), directory.resolve("probe"));
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(probe, PosixFilePermissions.fromString("rwxr-xr-x"));
            String enter = "";
            if (!context.isEmpty()) { // nor is such a program anybody's who stays outside
                SecurityLabels.setAll(probe, GUEST_PROGRAM);
                enter = "printf '" + context + "' >/proc/self/attr/exec && ";
            }
            List<String> command = new ArrayList<>(before);
            command.addAll(List.of("sh", "-c", enter + "exec \"$@\"", "sh", probe.toString()));
            command.addAll(List.of(call));
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
        }

        int pid() {
            return (int) process.pid();
        }

        String said() throws IOException {
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        }

        @Override
        public void close() throws IOException {
            process.destroyForcibly().onExit().join();
            SecurityLabels.setAll(directory, "system_u:object_r:tmpfs_t:s0"); // nobody may remove a guest's program
            Files.delete(directory.resolve("probe"));
            Files.delete(directory);
        }
    }

    /** Root of the host, with every right, in a domain and nothing else. */
    private static String root(String context, String... call) throws Exception {
        try (Outsider outsider =
                new Outsider(List.of("unshare", "--mount", "--net", "--propagation", "private"), context, call)) {
            return outsider.said();
        }
    }

    @Test
    void theDomainHoldsEvenTheHostsRoot() throws Exception {
        String context = Selinux.DOMAIN + ":s0:c1022,c1023";
        Map<String, String[]> attacks = Map.of(
                "mount", new String[] {"call", "165", "s:none", "s:/mnt", "s:tmpfs", "0", "0"},
                "file system", new String[] {"call", "430", "s:tmpfs", "0"},
                "raw socket", new String[] {"call", "41", "2", "3", "1"},
                "packet socket", new String[] {"call", "41", "17", "3", "0"},
                "shadow", new String[] {"call", "2", "s:/etc/shadow", "0"},
                "chroot", new String[] {"call", "161", "s:/"},
                "sysctl", new String[] {"call", "2", "s:/proc/sys/net/ipv4/ip_forward", "1"},
                "host name", new String[] {"call", "170", "s:redoubt-vm", "10"});
        for (var attack : attacks.entrySet()) {
            assertThat(root("", attack.getValue()))
                    .as("control: " + attack.getKey())
                    .matches("\\d+");
            assertThat(root(context, attack.getValue())).as(attack.getKey()).matches("-(1|13)");
        }
        assertThat(root(context, "call", "41", "2", "1", "0"))
                .as("an ordinary socket")
                .matches("\\d+");
    }

    private static List<String> as(String user) {
        return List.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups");
    }

    /** Who has the same ids as the job, in the host's process namespace. */
    private static String neighbour(String user, String context, String... call) throws Exception {
        try (Outsider outsider = new Outsider(as(user), context, call)) {
            return outsider.said();
        }
    }

    private static String userOf(int pid) {
        return LinuxFiles.readOnce("/proc/" + pid + "/status")
                .lines()
                .filter(line -> line.startsWith("Uid:"))
                .findFirst()
                .orElseThrow()
                .split("\\s+", -1)[1];
    }

    @Test
    void aProcessOfAnotherSandboxIsOutOfReach() throws Exception {
        String other = Selinux.DOMAIN + ":s0:c1022,c1023";
        try (Node node = node();
                Sandbox sandbox = node.create(spec());
                GuestJob job = start(sandbox, RunRequest.exec("sleep", "600").withUser("1000"))) {
            int pid = outside(sandbox, job);
            String user = userOf(pid);
            String own = context(pid);
            assertThat(own).startsWith(Selinux.DOMAIN + ":s0:c").isNotEqualTo(other);

            String[] signal = {"call", "62", Integer.toString(pid), "0"};
            assertThat(neighbour(user, own, signal)).as("control").isEqualTo("0");
            assertThat(neighbour(user, other, signal)).isEqualTo("-13");
            String[] look = {"call", "2", "s:/proc/" + pid + "/status", "0"};
            assertThat(neighbour(user, "", look)).as("control").matches("\\d+");
            assertThat(neighbour(user, other, look)).isEqualTo("-13");
        }
    }

    /** Of one user in one user namespace, so that nothing else stands between them; both where a profile allows tracing. */
    @Test
    void nobodyTracesAcrossSandboxes() throws Exception {
        String own = Selinux.TRACING_DOMAIN + ":s0:c1,c2";
        try (Outsider traced = new Outsider(as("65534"), own, "call", "34")) { // pause
            Place.until("its exec", 60, () -> context(traced.pid()).equals(own));
            String[] seize = {"call", "101", "16902", Integer.toString(traced.pid()), "0", "0"}; // PTRACE_SEIZE
            assertThat(neighbour("65534", own, seize)).as("control").isEqualTo("0");
            assertThat(neighbour("65534", Selinux.TRACING_DOMAIN + ":s0:c1,c3", seize))
                    .matches("-(1|13)");
            assertThat(neighbour("65534", Selinux.DOMAIN + ":s0:c1,c2", seize)).matches("-(1|13)");
        }
    }

    private static int outside(Sandbox sandbox, GuestJob job) throws Exception {
        try (PidNamespace processes = PidNamespace.of(sandbox.pidfd()).orElseThrow()) {
            return processes.outside(job.started().get(60, TimeUnit.SECONDS)).orElseThrow();
        }
    }

    private String leaves(TestSwitches.Layer... off) throws Exception {
        String leave = "cd /proc/self/attr; for try in $1/current $1/exec $2/exec $2/fscreate $2/sockcreate; do"
                + " printf \"${try%/*}\" >${try#*/} 2>/dev/null && echo left || echo stays; done";
        try (Node node = node(off);
                Sandbox sandbox = node.create(spec())) {
            RunRequest request = RunRequest.exec(
                    "sh", "-c", leave, "sh", "system_u:system_r:kernel_t:s0", Selinux.DOMAIN + ":s0:c1022,c1023");
            return Jobs.run(sandbox, asRoot(request)).text();
        }
    }

    /** Neither for the host's domain nor for another sandbox's categories, with no other wall in the way. */
    @Test
    void nobodyLeavesIt() throws Exception {
        assertThat(leaves(withoutLabelAnd(OTHERS)).lines().filter(line -> line.equals("left")))
                .as("control: whoever is in none may")
                .hasSizeGreaterThanOrEqualTo(3);
        assertThat(leaves(OTHERS).lines().filter(line -> line.equals("stays"))).hasSize(5);
    }

    // --- it is required, and missing ---

    @Test
    void whoRequiresItStartsHere() throws Exception {
        Profile profile = ProfileReader.alone().read("p.yaml", "extends: default\nrequire: [selinux]\n");
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
        }
    }

    @Test
    void whenTheHostBecomesPermissiveItIsReported() throws Exception {
        assumeTrue("1".equals(System.getenv("REDOUBT_VM")), "not the test machine");
        try (Node node = node();
                Sandbox sandbox = node.create(spec())) {
            sandbox.guest().ready().get(60, TimeUnit.SECONDS);
            assertThat(sandbox.walls().read().of(Wall.LABELS).verdict())
                    .as("control")
                    .isEqualTo(Verdict.AS_ASKED);
            LinuxFiles.writeOnce("/sys/fs/selinux/enforce", "0");
            try {
                WallsReport report = sandbox.walls().read();
                assertThat(report.of(Wall.LABELS).verdict()).isEqualTo(Verdict.WEAKER);
                assertThat(report.worse().getFirst().found()).endsWith("(permissive)");
                assertThat(Selinux.ofHost())
                        .isInstanceOfSatisfying(
                                Selinux.Absent.class,
                                absent -> assertThat(absent.reason()).contains("permissive"));
            } finally {
                LinuxFiles.writeOnce("/sys/fs/selinux/enforce", "1");
            }
        }
    }

    private static void load(String policy) throws Exception {
        Process load = new ProcessBuilder(
                        "dd", "if=/redoubt/.vm/" + policy, "of=/sys/fs/selinux/load", "bs=64M", "iflag=fullblock")
                .redirectErrorStream(true)
                .start();
        load.getInputStream().readAllBytes();
        assertThat(load.waitFor()).isZero();
    }

    /** Whoever does this on a host with other sandboxes leaves them without any right, so only in the test machine. */
    @Test
    void whenTheModuleIsTakenAwayNothingStartsUntilTheNextNode() throws Exception {
        assumeTrue("1".equals(System.getenv("REDOUBT_VM")), "not the test machine");
        Profile required = ProfileReader.alone().read("p.yaml", "extends: default\nrequire: [selinux]\n");
        try (Node node = node()) {
            load("selinux-policy-alone");
            try {
                assertThatThrownBy(() -> node.create(spec())).isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.code()).isEqualTo(ProblemCode.WALL_UNAVAILABLE);
                    assertThat(problem.detail()).contains("label").contains("semodule -i");
                    assertThat(problem.getCause()).isInstanceOfSatisfying(LaunchException.class, cause -> {
                        assertThat(cause.step()).isEqualTo(Step.LABEL);
                        assertThat(cause.errno()).isEqualTo(Errno.EINVAL);
                    });
                });
                try (Node next = place.open(place.settings());
                        Sandbox sandbox = next.create(spec())) {
                    assertThat(Jobs.run(sandbox, "1000", "echo", "without").text())
                            .as("who does not require it")
                            .isEqualTo("without\n");
                    assertThatThrownBy(() -> next.create(spec().withProfile(required)))
                            .isInstanceOfSatisfying(
                                    Problem.class,
                                    problem -> assertThat(problem.detail())
                                            .contains("requires selinux")
                                            .contains("semodule -i native/selinux/redoubt.cil"));
                }
            } finally {
                load("selinux-policy");
            }
            try (Sandbox sandbox = node.create(spec())) {
                assertThat(level(sandbox))
                        .as("control: with the module it starts again")
                        .isNotEmpty();
            }
        }
    }

    // --- it is in nobody's way ---

    /** Entering a domain costs a process its death signal, which the guest asks for again. */
    @Test
    void itEndsWithItsSpawner() throws Exception {
        Node node = place.open(place.settings());
        Sandbox sandbox = node.create(spec());
        level(sandbox);
        int guest = WallsReportTest.guest(sandbox);
        assertThat(AppArmorTest.hasEnded(guest)).as("control").isFalse();
        place.spawners().forEach(ProcessHandle::destroyForcibly);
        Place.until("the end of process 1", 60, () -> AppArmorTest.hasEnded(guest));
        WallsReportTest.closeWithoutSpawner(node);
        place.open(place.settings()).close(); // and sweeps
    }

    /** What a dynamic linker does with a library of a layer, and with one that was written inside. */
    @Test
    void programsOfLayersAreMappedAndProtected() throws Exception {
        String map = "call 2 s:FILE 0 , 9 0 4096 5 2 r:0 0 , 10 r:1 4096 1";
        try (Node node = node();
                Sandbox sandbox = node.create(with(Profile.DEFAULT, new HostMount(probes(), "/mnt", true)))) {
            Jobs.run(sandbox, "1000", "cp", "/bin/busybox", "/tmp/written");
            Jobs.run(sandbox, asRoot(RunRequest.exec("cp", "/bin/busybox", "/opt/written")));
            for (String file : List.of("/bin/busybox", "/tmp/written", "/opt/written")) {
                assertThat(Jobs.run(sandbox, "1000", ("/mnt/walls-probe " + map.replace("FILE", file)).split(" ", -1))
                                .text()
                                .lines()
                                .toList()
                                .getLast())
                        .as(file)
                        .isEqualTo("0");
            }
        }
    }

    /** Sockets with a path, memory with a descriptor, a terminal. */
    @Test
    void whatHasNoNameInTheTreeWorksToo() throws Exception {
        String address = "x:01002f746d702f7300";
        try (Node node = node();
                Sandbox sandbox = node.create(with(Profile.DEFAULT, new HostMount(probes(), "/mnt", true)))) {
            String[] socket = ("/mnt/walls-probe call 41 1 1 0 , 49 r:0 " + address
                            + " 9 , 50 r:0 5 , 41 1 1 0 , 42 r:3 " + address + " 9 , 1 r:3 s:x 1")
                    .split(" ", -1);
            assertThat(Jobs.run(sandbox, "1000", socket).text().lines().skip(4)).containsExactly("0", "1");
            String[] memory = "/mnt/walls-probe call 319 s:m 0 , 77 r:0 4096 , 9 0 4096 3 1 r:0 0".split(" ", -1);
            assertThat(Jobs.run(sandbox, "1000", memory).text().lines().skip(1))
                    .satisfiesExactly(
                            truncated -> assertThat(truncated).isEqualTo("0"),
                            mapped -> assertThat(mapped).doesNotStartWith("-"));
            RunRequest terminal = RunRequest.exec("sh", "-c", "stty size; echo >/dev/tty; test -t 0 && echo terminal")
                    .withUser("1000")
                    .withTerminal(new TerminalSize(33, 77));
            assertThat(Jobs.run(sandbox, terminal).text()).contains("33 77").contains("terminal");
        }
    }

    /** Files, links, users, sockets, signals among jobs, terminals' worth of programs: what a job did before. */
    @Test
    void ordinaryWorkIsAsEver() throws Exception {
        String work = "set -e; cd /tmp; echo a >a; ln a b; ln -s a c; mv b d; chmod 4755 d; mkfifo f; cat c;"
                + " (echo through >f &) ; cat f; sleep 99 & kill $!; sleep 98 & nc -l -p 80 >n & n=$!;"
                + " until echo net | nc 127.0.0.1 80 2>/dev/null; do sleep 1; done; wait $n; cat n;"
                + " ps -o comm | grep -c '^sleep'; ip link | grep -c lo:; mkdir x; cp /bin/busybox x; x/busybox echo executed;"
                + " mkdir g; mv d g; rm -r g; df / >/dev/null; free >/dev/null; uptime >/dev/null; cat /proc/sys/kernel/ostype";
        String root =
                "set -e; cd /root; touch x; chown 7:7 x; chmod 0 x; cat x; su -s /bin/sh nobody -c id || true; rm x; echo done";
        String plain;
        String owners;
        try (Node node = node(TestSwitches.Layer.LABEL);
                Sandbox sandbox = node.create(spec().withNetwork(NetworkMode.LOCALHOST))) {
            plain = Jobs.run(sandbox, "1000", "sh", "-c", work).text();
            owners =
                    Jobs.run(sandbox, asRoot(RunRequest.exec("sh", "-c", root))).text();
        }
        assertThat(plain).as("control").contains("a\nthrough\nnet\n").contains("executed\n");
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
