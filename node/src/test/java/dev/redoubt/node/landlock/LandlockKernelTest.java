package dev.redoubt.node.landlock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Landlock;
import dev.redoubt.node.walls.WallsProbe;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rules in the kernel. The probe runs as root on the host's own files, so that nothing but Landlock stands between
 * it and them; each denial is tried without the rules too.
 */
@Tag("vm")
final class LandlockKernelTest {
    private static final long DENIED = -Errno.EACCES;
    private static final String OPEN = "2";
    private static final String IOCTL = "16";
    private static final String SOCKET = "41";
    private static final String CONNECT = "42";
    private static final String BIND = "49";
    private static final String LISTEN = "50";
    private static final String KILL = "62";
    private static final String RENAME = "82";
    private static final String TRUNCATE = "76";
    private static final String MKDIR = "83";
    private static final String UNLINK = "87";
    private static final String SYMLINK = "88";
    private static final String RMDIR = "84";
    private static final String LINK = "86";
    private static final String MKNOD = "133";
    private static final String NANOSLEEP = "35";

    private static final String O_WRONLY = "1";
    private static final String O_RDWR = "2";
    private static final String TCGETS = "0x5401";
    private static final String TIOCGPTN = "0x80045430";
    private static final String CHAR = "0x2180";
    private static final String BLOCK = "0x6180";
    private static final String FIFO = "0x1180";
    private static final String NULL_DEVICE = "0x103";

    @TempDir
    Path writable;

    private Path elsewhere;
    private WallsProbe control;
    private WallsProbe open;
    private WallsProbe readOnly;

    @BeforeEach
    void probes() throws IOException {
        elsewhere = Files.createTempDirectory(Path.of("/var/tmp"), "landlock-test");
        control = WallsProbe.in(writable);
        open = control.behindLandlock(LandlockRules.compile(Landlock.abi(), false, List.of()));
        readOnly = control.behindLandlock(LandlockRules.compile(Landlock.abi(), true, List.of(writable.toString())));
    }

    @AfterEach
    void leaveNothing() throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(elsewhere)) {
            paths = new ArrayList<>(walk.toList());
        }
        for (Path path : paths.reversed()) {
            Files.delete(path);
        }
    }

    private static String there(Path directory, String name) {
        return "s:" + directory.resolve(name);
    }

    private static long one(WallsProbe probe, String... call) {
        return probe.run("call", call).results().getLast();
    }

    @Test
    void noDeviceCanBeMade() {
        for (String kind : List.of(CHAR, BLOCK)) {
            String path = there(elsewhere, "device" + kind);
            assertThat(one(open, MKNOD, path, kind, NULL_DEVICE)).isEqualTo(DENIED);
            assertThat(one(control, MKNOD, path, kind, NULL_DEVICE))
                    .as("control")
                    .isZero();
        }
        assertThat(one(open, MKNOD, there(elsewhere, "fifo"), FIFO, "0"))
                .as("a fifo")
                .isZero();
    }

    /** The host's own /dev/ptmx is a device beside /dev/pts, as any device a mount could bring in would be. */
    @Test
    void ioctlReachesOurDevicesOnly() {
        String[] foreign = {OPEN, "s:/dev/ptmx", O_RDWR, ",", IOCTL, "r:0", TIOCGPTN, "b:8"};
        assertThat(one(open, foreign)).isEqualTo(DENIED);
        assertThat(one(control, foreign)).as("control").isZero();
        String[] ours = {OPEN, "s:/dev/pts/ptmx", O_RDWR, ",", IOCTL, "r:0", TIOCGPTN, "b:8"};
        assertThat(one(open, ours)).isZero();
        assertThat(one(readOnly, ours)).isZero();
        // isatty(3) looks for ENOTTY; EACCES confuses programs
        String[] nothing = {OPEN, "s:/dev/null", O_RDWR, ",", IOCTL, "r:0", TCGETS, "b:64"};
        assertThat(one(open, nothing)).isEqualTo(-Errno.ENOTTY).isEqualTo(one(control, nothing));
    }

    @Test
    void aWritableSandboxWritesEverywhere() {
        String[] everything = {
            MKDIR,
            there(elsewhere, "a"),
            "0755",
            ",",
            MKDIR,
            there(elsewhere, "b"),
            "0755",
            ",",
            MKNOD,
            there(elsewhere, "a/f"),
            "0x8180",
            "0",
            ",",
            RENAME,
            there(elsewhere, "a/f"),
            there(elsewhere, "b/g"),
            ",",
            LINK,
            there(elsewhere, "b/g"),
            there(elsewhere, "a/h"),
            ",",
            SYMLINK,
            "s:x",
            there(elsewhere, "s"),
            ",",
            TRUNCATE,
            there(elsewhere, "a/h"),
            "10",
            ",",
            UNLINK,
            there(elsewhere, "b/g"),
            ",",
            RMDIR,
            there(elsewhere, "b")
        };
        assertThat(open.run("call", everything).results()).containsOnly(0L);
    }

    @Test
    void aReadOnlySandboxWritesItsOwnDirectoriesOnly() throws IOException {
        Files.writeString(elsewhere.resolve("kept"), "kept");
        Files.createDirectory(elsewhere.resolve("empty"));
        List<String[]> attempts = List.of(
                new String[] {OPEN, there(elsewhere, "kept"), O_WRONLY},
                new String[] {TRUNCATE, there(elsewhere, "kept"), "0"},
                new String[] {MKDIR, there(elsewhere, "d"), "0755"},
                new String[] {MKNOD, there(elsewhere, "f"), "0x8180", "0"},
                new String[] {MKNOD, there(elsewhere, "p"), FIFO, "0"},
                new String[] {SYMLINK, "s:x", there(elsewhere, "s")},
                new String[] {UNLINK, there(elsewhere, "kept")},
                new String[] {RMDIR, there(elsewhere, "empty")},
                new String[] {OPEN, "s:/proc/self/comm", O_WRONLY});
        for (String[] attempt : attempts) {
            assertThat(one(readOnly, attempt)).as(String.join(" ", attempt)).isEqualTo(DENIED);
        }
        for (String[] attempt : attempts) {
            assertThat(one(control, attempt))
                    .as("control: " + String.join(" ", attempt))
                    .isNotNegative();
        }
        assertThat(one(readOnly, MKDIR, there(writable, "d"), "0755")).isZero();
        assertThat(one(readOnly, OPEN, "s:/dev/null", O_WRONLY)).isNotNegative();
        assertThat(one(readOnly, OPEN, "s:/etc/passwd", "0")).isNotNegative();
        assertThat(readOnly.run("exec", "true").exit()).isZero();
    }

    /** PID 1 and the jobs are one domain; a process outside it is out of reach. */
    @Test
    void signalsStayInside() {
        String outside = Long.toString(ProcessHandle.current().pid());
        assertThat(one(open, KILL, outside, "0")).isEqualTo(-Errno.EPERM);
        assertThat(one(control, KILL, outside, "0")).as("control").isZero();
        assertThat(open.run("guest").out()).isEqualTo("alive\n");
        assertThat(readOnly.run("guest").out()).isEqualTo("alive\n");
    }

    @Test
    void abstractSocketsStayInside() throws IOException {
        String name = "redoubt-" + ProcessHandle.current().pid();
        byte[] text = ("\1\0\0" + name).getBytes(StandardCharsets.US_ASCII);
        String address = "x:" + HexFormat.of().formatHex(text);
        String length = Integer.toString(text.length);
        String thirtySeconds = "x:1e000000000000000000000000000000";
        Process server = control.start(
                "call",
                SOCKET,
                "1",
                "1",
                "0",
                ",",
                BIND,
                "r:0",
                address,
                length,
                ",",
                LISTEN,
                "r:0",
                "8",
                ",",
                NANOSLEEP,
                thirtySeconds,
                "0");
        try {
            awaitAbstractSocket(name);
            String[] connect = {SOCKET, "1", "1", "0", ",", CONNECT, "r:0", address, length};
            assertThat(one(open, connect)).isEqualTo(-Errno.EPERM);
            assertThat(one(control, connect)).as("control").isZero();
        } finally {
            server.destroyForcibly();
        }
    }

    /** In the state "listening": flag __SO_ACCEPTCON of /proc/net/unix. */
    private static void awaitAbstractSocket(String name) throws IOException {
        Instant end = Instant.now().plus(Duration.ofSeconds(20));
        while (Files.readAllLines(Path.of("/proc/net/unix")).stream()
                .noneMatch(line -> line.endsWith("@" + name) && line.contains(" 00010000 "))) {
            assertThat(Instant.now()).as("the server listens in time").isBefore(end);
            Thread.onSpinWait();
        }
    }
}
