package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.redoubt.node.Child;
import dev.redoubt.node.NodeOfTest;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.unpack.Limits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the programs that take archives apart have and have not: read from outside, and tried from inside. */
class UnpackSandboxTest {
    private static final List<String> NAMESPACES = List.of("user", "mnt", "pid", "net", "ipc", "uts", "cgroup");
    private static final List<String> UNPACK = List.of("unpack", "1000000", "100", "200");
    private static final long MIB = 1 << 20;
    private static final String EPERM = "1";
    private static final String ENOENT = "2";
    private static final String EACCES = "13";

    private static final Duration SHORT = Duration.ofSeconds(3);
    private static final String STOPPED = "the unpacking sandbox was stopped: ";
    private static final String TOO_LONG = "it took too long";

    private Scratch scratch;
    private Path skeleton;
    private Path target;

    @BeforeEach
    void make() throws IOException {
        scratch = new Scratch();
        skeleton = scratch.make("skeleton");
        target = scratch.make("target");
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (Scratch _ = scratch) {
            Stores.assertNoSandboxes(scratch);
        }
    }

    // The real program, read from outside while it waits for its input

    @Test
    void theUnpackerStandsBehindFiveWalls() throws Exception {
        try (UnpackSandbox started = Stores.sandboxes(scratch).start(skeleton, target, UNPACK, MIB)) {
            Path process = java(started);

            String status = Files.readString(process.resolve("status"));
            // CHOWN, DAC_OVERRIDE, FOWNER, FSETID: of a user namespace that owns nothing
            assertCapabilities(status, "000000000000001b");
            assertWalls(started, process, status);
            assertThat(writableMounts(process))
                    .containsExactlyInAnyOrder("/target", "/tmp", "/proc", "/dev", "/dev/pts");
            assertThat(Stores.names(process.resolve("root")))
                    .containsExactlyInAnyOrderElementsOf(roots("app", "dev", "jdk", "proc", "target", "tmp", "usr"));
            assertThat(Stores.names(process.resolve("root/usr"))).allMatch(name -> name.startsWith("lib"));
        }
    }

    @Test
    void theDecompressorHasNoCapabilityAndNowhereToWrite() throws Exception {
        try (UnpackSandbox started =
                Stores.sandboxes(scratch).start(skeleton, null, List.of("decompress", "GZIP"), MIB)) {
            Path process = java(started);

            String status = Files.readString(process.resolve("status"));
            assertCapabilities(status, "0000000000000000");
            assertWalls(started, process, status);
            assertThat(writableMounts(process)).doesNotContain("/target", "/");
            assertThat(Stores.names(process.resolve("root"))).doesNotContain("target");
        }
    }

    private static void assertCapabilities(String status, String mask) {
        assertThat(status)
                .contains("CapEff:\t" + mask)
                .contains("CapPrm:\t" + mask)
                .contains("CapBnd:\t" + mask)
                .contains("CapInh:\t0000000000000000")
                .contains("CapAmb:\t0000000000000000");
    }

    private void assertWalls(UnpackSandbox started, Path process, String status) throws IOException {
        for (String namespace : NAMESPACES) {
            assertThat(link(process, namespace)).isNotEqualTo(link(Path.of("/proc/self"), namespace));
        }
        assertThat(status)
                .contains("NoNewPrivs:\t1")
                .contains("Seccomp:\t2")
                .contains("Seccomp_filters:\t1")
                .containsPattern("Groups:\\s*\n");
        assertThat(uid(status)).isGreaterThanOrEqualTo(524_288).isEqualTo(idBase(process));
        assertThat(started.sandbox().cgroup().readBack().equalsAsked(UnpackSandboxes.LIMITS))
                .isTrue();
        assertThat(Files.readString(process.resolve("net/dev")).lines().filter(line -> line.contains(":")))
                .hasSize(1);
        assertThat(mounts(process)).allMatch(fields -> fields[5].contains("nosuid"));
        assertThat(Files.readString(process.resolve("cmdline")))
                .doesNotContain(scratch.path().toString());
        assertThat(descriptors(process)).noneMatch(open -> open.startsWith("socket:"));
    }

    /** Of root inside. */
    private static long idBase(Path process) throws IOException {
        String[] map = Files.readString(process.resolve("uid_map")).strip().split("\\s+", -1);
        assertThat(map).hasSize(3).startsWith("0").endsWith("65536");
        return Long.parseLong(map[1]);
    }

    private static long uid(String status) {
        String line =
                status.lines().filter(l -> l.startsWith("Uid:")).findFirst().orElseThrow();
        List<String> ids = List.of(line.split("\t", -1)).subList(1, 5);
        assertThat(Set.copyOf(ids)).hasSize(1);
        return Long.parseLong(ids.getFirst());
    }

    private static List<String> descriptors(Path process) throws IOException {
        List<String> open = new ArrayList<>();
        try (Stream<Path> all = Files.list(process.resolve("fd"))) {
            for (Path descriptor : all.toList()) {
                open.add(Files.readSymbolicLink(descriptor).toString());
            }
        }
        return open;
    }

    @Test
    void nothingOfItOutlivesItsEnd() throws Exception {
        Path process;
        try (UnpackSandbox started = Stores.sandboxes(scratch).start(skeleton, target, UNPACK, MIB)) {
            process = java(started);
            assertThat(process).exists();
        }
        assertThat(process).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/mounts")))
                .doesNotContain(scratch.path().toString());
    }

    @Test
    void anEmptyArchiveIsUnpacked() throws Exception {
        try (UnpackSandbox started = Stores.sandboxes(scratch).start(skeleton, target, UNPACK, MIB)) {
            assertThat(started.write(new byte[1024], 1024)).isTrue();
            started.endInput();

            assertThat(started.output()).hasContent("done 0 0");
            assertThat(started.end()).isEmpty();
        }
    }

    // A program that has been taken over: each attempt inside, and outside as the control

    @ParameterizedTest
    @CsvSource({"read,/etc/passwd", "list,/etc", "list,/root", "list,/home", "list,/sys"})
    void itFindsNothingOfTheHost(String order, String path) throws Exception {
        assertThat(outside(order, path)).isNotEmpty().doesNotContain("Exception");
        assertThat(inside(order, path)).contains("Exception");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/here", "/usr/lib/here", "/jdk/here", "/app/0/here", "/dev/here", "/dev/shm/here"})
    void itWritesNowhereElse(String path) throws Exception {
        assertThat(outside("write", scratch.path("here").toString())).isEqualTo("done");
        assertThat(inside("write", path)).contains("Exception");
        assertThat(inside("write", "/target/here")).isEqualTo("done");
        assertThat(target.resolve("here")).hasContent("x");
    }

    /** Held by Landlock alone: the file belongs to who asks, and is on a file system that programs may be run from. */
    @Test
    void itReadsAndRunsNothingThatItWrote() throws Exception {
        assertThat(inside("read-back", "/target/a")).contains("AccessDenied");
        assertThat(inside("execute", "/target/b")).isEqualTo(EACCES);

        assertThat(inside(without(TestSwitches.Layer.LANDLOCK), "read-back", "/target/c"))
                .isEqualTo("done");
        assertThat(inside(without(TestSwitches.Layer.LANDLOCK), "execute", "/target/d"))
                .isEqualTo(ENOENT);
    }

    /** Held by the filter alone. */
    @Test
    void itCallsNothingThatItDoesNotNeed() throws Exception {
        assertThat(inside("memory-file", "a")).isEqualTo(EPERM);

        assertThat(inside(without(TestSwitches.Layer.SECCOMP), "memory-file", "a"))
                .isEqualTo("0");
    }

    @Test
    void itMakesWhiteoutsAndNoOtherDevice() throws Exception {
        assertThat(inside("whiteout", "/target/a")).isEqualTo("0");
        assertThat(inside("device", "/target/b")).isEqualTo(EPERM);
        assertThat(outside("device", scratch.path("b").toString())).isEqualTo("0");
    }

    @Test
    void itReachesNobody() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(listener.getLocalPort());

            assertThat(outside("connect", port)).isEqualTo("done");
            assertThat(inside("connect", port)).contains("not permitted");
            // Without the filter the namespace still leads nowhere.
            assertThat(inside(without(TestSwitches.Layer.SECCOMP), "connect", port))
                    .contains("refused");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fork", "threads"})
    void itCannotMultiply(String how) throws Exception {
        int most = UnpackSandboxes.LIMITS.pids();

        assertThat(outside(how, "100")).isEqualTo("100");
        String last = inside(how, "100").lines().toList().getLast();
        assertThat(Integer.parseInt(last)).isBetween(1, most);
    }

    @Test
    void itCannotEatTheMemory() throws Exception {
        assertThat(outside("eat", "600")).isEqualTo("done");

        assertThat(inside("eat", "600")).contains("needs more memory than the");
    }

    // The same through the whole of an unpacking, which must end and say why

    @Test
    void aProgramThatSleepsIsStopped() throws Exception {
        Instant before = Instant.now();

        assertFails("sleep forever", SHORT, STOPPED + TOO_LONG);

        assertThat(Duration.between(before, Instant.now())).isBetween(Duration.ofSeconds(3), Duration.ofSeconds(30));
    }

    /** A source that is slow is not the program's fault: the control of the test above. */
    @Test
    void theClockStandsWhileTheSourceIsSlow() throws Exception {
        ByteArrayInputStream empty = new ByteArrayInputStream(new byte[1024]);
        java.io.InputStream slow = new java.io.FilterInputStream(empty) {
            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                try {
                    TimeUnit.SECONDS.sleep(2);
                } catch (InterruptedException asked) {
                    throw new IOException(asked);
                }
                return super.read(into, offset, Math.min(512, length));
            }
        };
        UnpackSandboxes ours = new UnpackSandboxes(
                NodeOfTest.sandboxes(scratch.path()), UnpackProgram.unpacker(), Duration.ofSeconds(5));
        try (Unpacking unpacking = new Unpacking(ours, new Limits(MIB, 100, 200), bytes -> {})) {
            assertThat(unpacking.unpack(slow, skeleton, target).bytes()).isZero();
        }
    }

    /** No file is larger than the archive may be, and still it would write for ever. */
    @Test
    void aProgramThatFillsTheDiskIsStopped() throws Exception {
        assertFails("fill /target", UnpackSandboxes.PATIENCE, STOPPED + "it wrote more than an archive may hold");

        assertThat(Long.parseLong(scratch.sh("du -sm target | cut -f1").strip()))
                .isBetween(1L, 2_000L);
    }

    @Test
    void aProgramThatChattersIsStopped() {
        assertFails("chatter out", UnpackSandboxes.PATIENCE, "the unpacking process says more than there is to say");
        assertFails("chatter err", SHORT, STOPPED + TOO_LONG);
    }

    /** What has been said to be done does not change any more when the unpacking is closed. */
    @Test
    void whatAProgramLeavesBehindEndsWithIt() throws Exception {
        try (Unpacking unpacking = unpacking(UnpackSandboxes.PATIENCE, 100_000)) {
            assertThat(unpacking
                            .unpack(order("linger /target"), skeleton, target)
                            .bytes())
                    .isZero();
            int before = Stores.names(target).size();
            TimeUnit.SECONDS.sleep(1);
            assertThat(Stores.names(target)).hasSizeGreaterThan(before); // as long as the sandbox is there, it goes on
        }
        int late = Stores.names(target).size();
        TimeUnit.MILLISECONDS.sleep(300);
        assertThat(Stores.names(target)).hasSize(late);
    }

    private void assertFails(String order, Duration patience, String why) {
        try (Unpacking unpacking = unpacking(patience, 100)) {
            assertThatThrownBy(() -> unpacking.unpack(order(order), skeleton, target))
                    .hasMessage(why)
                    .asInstanceOf(type(ImageException.class))
                    .returns(Reason.UNPACK_FAILED, ImageException::reason);
        }
    }

    private Unpacking unpacking(Duration patience, long entries) {
        UnpackSandboxes sandboxes = new UnpackSandboxes(NodeOfTest.sandboxes(scratch.path()), misbehaving(), patience);
        return new Unpacking(sandboxes, new Limits(MIB, entries, 200), bytes -> {});
    }

    private static ByteArrayInputStream order(String order) {
        return new ByteArrayInputStream((order + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private static UnpackProgram misbehaving() {
        return new UnpackProgram(UnpackProgram.sources(Misbehaving.class), Misbehaving.class);
    }

    private UnpackSandboxes without(TestSwitches.Layer layer) {
        TestSwitches switches = new TestSwitches(Set.of(layer));
        return new UnpackSandboxes(
                NodeOfTest.sandboxes(scratch.path(), switches), misbehaving(), UnpackSandboxes.PATIENCE);
    }

    private String inside(String order, String argument) throws IOException {
        UnpackSandboxes all =
                new UnpackSandboxes(NodeOfTest.sandboxes(scratch.path()), misbehaving(), UnpackSandboxes.PATIENCE);
        return inside(all, order, argument);
    }

    /** What it printed, complaints included, or how it ended when it printed nothing. */
    private String inside(UnpackSandboxes sandboxes, String order, String argument) throws IOException {
        try (UnpackSandbox started = sandboxes.start(skeleton, target, UNPACK, 64 * MIB)) {
            byte[] bytes = (order + " " + argument + "\n").getBytes(StandardCharsets.US_ASCII);
            started.write(bytes, bytes.length);
            started.endInput();
            String printed = new String(started.output().readAllBytes(), StandardCharsets.UTF_8);
            String ended = started.end();
            String all = (printed + started.complaint()).strip();
            return all.isEmpty() ? ended : all;
        }
    }

    private String outside(String order, String argument) throws Exception {
        try (Child child = Child.start(Misbehaving.class)) {
            child.process()
                    .getOutputStream()
                    .write((order + " " + argument + "\n").getBytes(StandardCharsets.US_ASCII));
            child.process().getOutputStream().close();
            return child.line();
        }
    }

    /** Names at the root that this host has too, and those that are always there. */
    private static List<String> roots(String... always) {
        List<String> names = new ArrayList<>(List.of(always));
        Stream.of("lib", "lib64")
                .filter(name -> Files.exists(Path.of("/", name)))
                .forEach(names::add);
        return names;
    }

    private static String link(Path process, String namespace) throws IOException {
        return Files.readSymbolicLink(process.resolve("ns").resolve(namespace)).toString();
    }

    private static List<String[]> mounts(Path process) throws IOException {
        return Files.readString(process.resolve("mountinfo"))
                .lines()
                .map(line -> line.split(" ", -1))
                .toList();
    }

    private static List<String> writableMounts(Path process) throws IOException {
        return mounts(process).stream()
                .filter(fields -> fields[5].startsWith("rw"))
                .map(fields -> fields[4])
                .filter(path -> !path.startsWith("/proc/")) // masks: the null device
                .toList();
    }

    /** The JVM inside, as the host sees it, once it has become one. */
    private static Path java(UnpackSandbox started) throws Exception {
        started.job().started().get(30, TimeUnit.SECONDS);
        String group = started.sandbox().cgroup().name();
        Instant end = Instant.now().plus(Duration.ofSeconds(30));
        while (true) {
            Optional<Path> java = processes().stream()
                    .filter(process -> isIn(group, process))
                    .filter(process -> Files.isReadable(process.resolve("fd")) && isJava(process))
                    .findFirst();
            if (java.isPresent()) {
                return java.get();
            }
            assertThat(Instant.now()).isBefore(end);
            Thread.sleep(10);
        }
    }

    private static List<Path> processes() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            return all.filter(path -> path.getFileName().toString().matches("\\d+"))
                    .toList();
        }
    }

    private static boolean isIn(String group, Path process) {
        try {
            return Files.readString(process.resolve("cgroup")).contains("/" + group);
        } catch (IOException ended) {
            return false;
        }
    }

    private static boolean isJava(Path process) {
        try {
            return Files.readSymbolicLink(process.resolve("exe")).endsWith("bin/java");
        } catch (IOException ended) {
            return false;
        }
    }
}
