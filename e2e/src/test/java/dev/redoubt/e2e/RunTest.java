package dev.redoubt.e2e;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.UnixListener;
import dev.redoubt.node.Node;
import dev.redoubt.node.guest.Bytes;
import dev.redoubt.node.guest.RequestTooLargeException;
import dev.redoubt.node.guest.RunRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code redoubt run} as somebody at a shell meets it. */
class RunTest {
    private static final long SEED = 20261122;
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

    @Test
    void theMainJobWorks() throws Exception {
        Cli.Said said = cli.run("run", "--", "sh", "-c", "id; echo hello");
        assertThat(said.errors()).isEmpty();
        assertThat(said.out()).isEqualTo("uid=1000(user) gid=1000(user)\nhello\n");
        assertThat(said.exit()).isZero();
    }

    @Test
    void exitCodesAreTheShells() throws Exception {
        assertThat(cli.run("run", "--", "sh", "-c", "exit 77").exit()).isEqualTo(77);
        assertThat(cli.run("run", "--", "sh", "-c", "kill -TERM $$").exit()).isEqualTo(128 + 15);
        assertThat(cli.run("run", "--", "no-such-command").exit()).isEqualTo(127);
        assertThat(cli.run("run", "--", "/etc/passwd").exit()).isEqualTo(126);
        assertThat(cli.run("run", "--image", "no-such-image", "--", "true").exit())
                .isEqualTo(125);
        assertThat(cli.run("run", "--no-such-option").exit()).isEqualTo(125);
    }

    @Test
    void limitsOfTimeEndItWith124() throws Exception {
        Cli.Said timeout =
                cli.run("run", "--timeout", "1s", "--", "sh", "-c", "trap '' TERM; while true; do sleep 9; done");
        assertThat(timeout.exit()).isEqualTo(124);
        assertThat(timeout.errors()).isEqualTo("redoubt: time limit of 1 s reached\n");
        Cli.Said idle = cli.run("run", "--idle", "1s", "--", "sleep", "3600");
        assertThat(idle.exit()).isEqualTo(124);
        assertThat(idle.errors()).isEqualTo("redoubt: idle limit of 1 s reached\n");
        // control: a command that speaks is not idle
        Cli.Said speaking =
                cli.run("run", "--idle", "2s", "--", "sh", "-c", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done");
        assertThat(speaking.exit()).isZero();
    }

    /** What was printed before the time was over arrives, however late somebody reads it. */
    @Test
    void aTimeLimitLosesNoOutput() throws Exception {
        Process run = cli.start("run", "--timeout", "1s", "--", "sh", "-c", "head -c 300000 /dev/zero; sleep 9");
        TimeUnit.SECONDS.sleep(4);
        assertThat(run.getInputStream().readAllBytes()).hasSize(300_000);
        assertThat(run.waitFor()).isEqualTo(124);
    }

    @Test
    void memoryLimitSaysWhy() throws Exception {
        String eater = "x=a; while true; do x=$x$x; done";
        Cli.Said said = cli.run("run", "--memory", "32M", "--", "sh", "-c", eater);
        assertThat(said.exit()).isEqualTo(137);
        assertThat(said.errors()).endsWith("redoubt: killed by the memory limit of 32M\n");
    }

    /** The command hears of it and goes on; so does the sandbox. */
    @Test
    void aDiskThatIsFullIsTheCommandsOwn() throws Exception {
        String filling =
                "dd if=/dev/zero of=/var/full bs=64k 2>&1 | tail -n 3; rm /var/full; echo again > /var/small && cat /var/small";
        Cli.Said said = cli.run("run", "--disk", "32M", "--user", "0", "--", "sh", "-c", filling);
        assertThat(said.exit()).as(said.errors()).isZero();
        assertThat(said.out())
                .containsAnyOf("No space left on device", "Disk quota exceeded")
                .endsWith("again\n");
    }

    @Test
    void bytesGoThroughUnchanged() throws Exception {
        byte[] bytes = new byte[10 << 20];
        new Random(SEED).nextBytes(bytes);
        Cli.Said said = cli.run(bytes, "run", "--", "cat");
        assertThat(said.exit()).as("seed %d", SEED).isZero();
        assertThat(Arrays.equals(said.output(), bytes)).isTrue();
    }

    @Test
    void argumentsMayHoldEveryByteButNul() throws Exception {
        StringBuilder every = new StringBuilder();
        for (char c = 1; c < 256; c++) {
            every.append(c);
        }
        // Written by a shell, byte by byte: Java itself cannot start a process with such an argument.
        StringBuilder printf = new StringBuilder();
        for (byte b : every.toString().getBytes(ISO_8859_1)) {
            printf.append(String.format("\\%03o", b & 0xff));
        }
        for (String locale : new String[] {"C", "C.UTF-8"}) {
            String command = "x=$(printf '" + printf + "_'); x=${x%_}; exec \"$@\" \"$x\"";
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", command, "sh");
            builder.command().addAll(Cli.command("run", "--", "printf", "%s"));
            builder.environment().putAll(place.environment());
            builder.environment().put("LC_ALL", locale);
            Process process = builder.start();
            byte[] output = process.getInputStream().readAllBytes();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(new String(output, ISO_8859_1)).as("under %s", locale).isEqualTo(every.toString());
        }
    }

    @Test
    void longArgumentsPassAndAHugeEnvironmentIsRefused() throws Exception {
        String[] many = new String[130];
        Arrays.fill(many, "x".repeat(1023));
        String[] arguments = new String[many.length + 5];
        arguments[0] = "run";
        arguments[1] = "--";
        arguments[2] = "sh";
        arguments[3] = "-c";
        arguments[4] = "echo $#";
        System.arraycopy(many, 0, arguments, 5, many.length);
        assertThat(cli.run(arguments).out()).isEqualTo("129\n");

        // Where the stack may grow without a limit the kernel takes 6 MiB (execve(2)), and we take 2.
        String threeMegabytes = "ulimit -s unlimited; v=$(head -c 100000 /dev/zero | tr '\\0' y); i=0; "
                + "while [ $i -lt $N ]; do set -- \"$@\" --env V$i=$v; i=$((i+1)); done; exec \"$@\" -- echo passed";
        for (int variables : new int[] {15, 30}) {
            ProcessBuilder shell = new ProcessBuilder("sh", "-c", threeMegabytes, "sh");
            shell.command().addAll(Cli.command("run"));
            shell.environment().putAll(place.environment());
            shell.environment().put("N", Integer.toString(variables));
            Process process = shell.start();
            boolean fits = variables == 15;
            assertThat(process.inputReader().readAllAsString()).isEqualTo(fits ? "passed\n" : "");
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(fits ? 0 : 125);
            assertThat(process.errorReader().readAllAsString()).contains(fits ? "" : "at most 2097152");
        }
        // Ten no program can be given, so that refusal is the library's alone.
        List<Bytes> tenMegabytes = IntStream.range(0, 100)
                .mapToObj(i -> Bytes.of("V" + i + "=" + "y".repeat(100_000)))
                .toList();
        assertThatThrownBy(() -> RunRequest.exec("true").withEnvironment(tenMegabytes))
                .isInstanceOf(RequestTooLargeException.class)
                .hasMessageContaining("at most 2097152");
    }

    @Test
    void userWorkdirAndEnvironment() throws Exception {
        Cli.Said said = cli.run(
                "run",
                "--user",
                "root",
                "--workdir",
                "/tmp",
                "--env",
                "A=1",
                "--env",
                "A=2",
                "--",
                "sh",
                "-c",
                "id -u; pwd; echo $A; touch /new && echo may");
        assertThat(said.out()).isEqualTo("0\n/tmp\n2\nmay\n");
        assertThat(cli.run("run", "--user", "nosuchuser", "--", "true").exit()).isEqualTo(125);
        assertThat(cli.run("run", "--user", "65533", "--", "true").exit()).isEqualTo(125);
        // in minimal root has nothing
        assertThat(cli.run("run", "--profile", "minimal", "--user", "root", "--", "true")
                        .exit())
                .isEqualTo(125);
    }

    @Test
    void readOnlyRootAndWritableTmp() throws Exception {
        Cli.Said said = cli.run(
                "run",
                "--read-only",
                "--user",
                "root",
                "--",
                "sh",
                "-c",
                "touch /etc/x || echo refused; touch /tmp/x && echo tmp; touch /run/x && echo run");
        assertThat(said.out()).isEqualTo("refused\ntmp\nrun\n");
    }

    @Test
    void mountsMapOneOwner() throws Exception {
        Path directory = Files.createDirectory(place.file("mine"));
        Files.writeString(directory.resolve("file"), "from the host\n");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        String there = directory + ":/data";
        Cli.Said refused = cli.run("run", "--mount", there, "--", "true");
        assertThat(refused.exit()).isEqualTo(125);
        assertThat(refused.errors()).contains("belongs to root");
        Cli.Said readOnly = cli.run("run", "--mount", there + ":ro", "--", "sh", "-c", "cat /data/file; touch /data/x");
        assertThat(readOnly.out()).isEqualTo("from the host\n");
        assertThat(readOnly.errors()).contains("Read-only file system");

        owner(directory, 12345);
        Cli.Said writable = cli.run("run", "--mount", there, "--", "sh", "-c", "cat /data/file; echo new > /data/new");
        assertThat(writable.exit()).isZero();
        assertThat(Files.getAttribute(directory.resolve("new"), "unix:uid")).isEqualTo(12345);
        assertThat(cli.run("run", "--mount", place.file("missing") + ":/x", "--", "true")
                        .exit())
                .isEqualTo(125);
    }

    @Test
    void aSocketThatIsShownIsWarnedOf() throws Exception {
        Path directory = Files.createDirectory(place.file("shown"));
        String mount = directory + ":/data:ro";
        assertThat(cli.run("run", "--mount", mount, "--", "true").errors()).isEmpty();
        Path pipe = directory.resolve("deep/pipe");
        Files.createDirectory(pipe.getParent());
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Cli.Said said = cli.run("run", "--mount", mount, "--", "true");
        assertThat(said.exit()).isZero();
        assertThat(said.errors()).contains("warning", pipe.toString(), "read-only holds for files alone");
        Files.delete(pipe);
        UnixListener.bind(directory.resolve("socket")).close();
        assertThat(cli.run("run", "--mount", mount, "--", "true").errors()).contains(directory + "/socket");
    }

    @Test
    void noMountCoversWhatTheWallsStandOn() throws Exception {
        Path directory = Files.createDirectory(place.file("cover"));
        for (String target : List.of(
                "/",
                "/proc",
                "//proc/",
                "/proc/sys",
                "/dev",
                "/dev/null",
                "/sys",
                "/run",
                "/run/redoubt",
                "/run/redoubt/x")) {
            Cli.Said refused = cli.run("run", "--mount", directory + ":" + target + ":ro", "--", "true");
            assertThat(refused.exit()).as(target).isEqualTo(125);
            assertThat(refused.errors()).as(target).contains("VALIDATION_ERROR", "mount target");
        }
        Files.writeString(directory.resolve("file"), "seen\n");
        for (String target : List.of("/dev/shm", "/process", "/run/data")) {
            Cli.Said said = cli.run("run", "--mount", directory + ":" + target + ":ro", "--", "cat", target + "/file");
            assertThat(said.out()).as(target + said.errors()).isEqualTo("seen\n");
        }
    }

    private static void owner(Path directory, int id) throws Exception {
        Process chown = new ProcessBuilder("chown", "-R", id + ":" + id, directory.toString()).start();
        assertThat(chown.waitFor()).isZero();
    }

    /** Also those that Java keeps for itself: QUIT would print its threads among the command's output. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void signalsArePassedOn() throws Exception {
        List<String> passed = List.of("HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "CONT", "TERM");
        StringBuilder traps = new StringBuilder();
        passed.forEach(name ->
                traps.append("trap 'echo got %s%s' %s; ".formatted(name, name.equals("TERM") ? "; exit 5" : "", name)));
        Process process = listening("env --default-signal", traps + "echo ready; while :; do sleep 0.1; done");
        var out = process.inputReader();
        assertThat(out.readLine()).isEqualTo("ready");
        for (String name : passed) {
            kill(process, name);
            assertThat(out.readLine()).isEqualTo("got " + name);
        }
        assertThat(out.readLine()).isNull();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(5);
        assertThat(process.errorReader().readAllAsString()).doesNotContain("thread dump", "JVM", "Java");
    }

    /** A command that does not expect it ends by it, and so it is told; one that is ignored from the start stays so. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aSignalEndsWhatDoesNotCatchIt() throws Exception {
        for (Map.Entry<String, Integer> signal :
                Map.of("QUIT", 128 + 3, "USR2", 128 + 12).entrySet()) {
            Process process = listening("env --default-signal", "echo ready; exec sleep 100");
            assertThat(process.inputReader().readLine()).isEqualTo("ready");
            kill(process, signal.getKey());
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(signal.getValue());
            assertThat(process.inputReader().readLine()).isNull();
        }
        Process process = listening("env --ignore-signal=HUP", "echo ready; read line; echo $line");
        assertThat(process.inputReader().readLine()).isEqualTo("ready");
        kill(process, "HUP");
        process.outputWriter().append("still here\n").close();
        assertThat(process.inputReader().readLine()).isEqualTo("still here");
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    /** The first ends the command, the second the wait for a reader that reads no more; the sandbox is gone either way. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whoWaitsForAReaderCanBeEnded() throws Exception {
        Process process = listening("env --default-signal", "echo ready; exec yes");
        Place.until(
                "output that nobody reads", 20, () -> process.getInputStream().available() > 4096);
        kill(process, "TERM");
        Thread.sleep(500);
        assertThat(process.isAlive())
                .as("control: what was printed is still to be read")
                .isTrue();
        kill(process, "TERM");
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(128 + 15);
        assertThat(process.errorReader().readAllAsString()).contains("cannot be written: nobody reads it");
        process.getInputStream().close();
    }

    /** Before there is a command to be told, every one ends the run, and none of Java's words go to standard output. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aSignalBeforeTheCommandEndsTheRun() throws Exception {
        for (String signal : List.of("TERM", "QUIT", "USR2")) {
            Process process = listening("env --default-signal", "echo up; exec sleep 3");
            Thread.sleep(150);
            kill(process, signal);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(signal).isNotZero();
            assertThat(process.inputReader().readAllAsString()).as(signal).isIn("", "up\n");
        }
        try (Node swept = Node.open(place.settings())) {
            assertThat(swept.sandboxes()).isEmpty();
        }
    }

    /** What hears signals is inherited: these tests may themselves be run by nohup(1) or in the background of a shell. */
    private Process listening(String env, String script) throws IOException {
        List<String> command = new ArrayList<>(List.of(env.split(" ")));
        command.addAll(Cli.command("run", "--", "sh", "-c", script));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(place.environment());
        builder.environment().put("_JAVA_SR_SIGNUM", "63");
        return builder.start();
    }

    private static void kill(Process process, String signal) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    @Test
    void aTerminalIsATerminalInside() throws Exception {
        String command = Cli.command("run", "--", "sh", "-c", "tty; stty size").stream()
                .map(word -> "'" + word + "'") // the checkout's path may hold a space
                .collect(Collectors.joining(" "));
        ProcessBuilder script = new ProcessBuilder("script", "-qec", "stty rows 33 cols 77; " + command, "/dev/null");
        script.environment().putAll(place.environment());
        Process process = script.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(said).contains("/dev/pts/0").contains("33 77");
    }

    @Test
    void aRunDirectoryThatCannotBeUsedIsARefusalOfOurs() throws Exception {
        Path open = Files.createDirectory(place.file("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Map<String, String> refusals = Map.of(
                open.toString(),
                "chmod 0700",
                "/tmp/" + "x".repeat(110),
                "at most 85 bytes",
                place.file("nowhere/run").toString(),
                "parent directory");
        for (Map.Entry<String, String> refusal : refusals.entrySet()) {
            Cli there = new Cli(place, Map.of("REDOUBT_RUN_DIR", refusal.getKey()));
            for (String[] command : new String[][] {{"run", "--", "true"}, {"node"}}) {
                Cli.Said said = there.run(command);
                assertThat(said.exit()).as(said.errors()).isEqualTo(command[0].equals("run") ? 125 : 1);
                assertThat(said.errors())
                        .contains("UNPROCESSABLE", "run directory " + refusal.getKey(), refusal.getValue())
                        .doesNotContain("\tat ");
            }
        }
        Files.delete(open);
    }

    @Test
    void unbuiltThingsAreRefusedByName() throws Exception {
        for (String mode : new String[] {"egress", "internet", "block"}) {
            Cli.Said said = cli.run("run", "--network", mode, "--", "true");
            assertThat(said.exit()).isEqualTo(125);
            assertThat(said.errors()).contains("UNPROCESSABLE").contains("not built");
        }
    }

    @Test
    void anotherLocaleChangesNothing() throws Exception {
        String command = "x=$(printf 'gr\\303\\274n'); exec \"$@\" --env \"X=$x\" -- sh -c 'echo $X ok'";
        for (String locale : new String[] {"C", "POSIX", "de_DE.ISO-8859-1", "C.UTF-8"}) {
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", command, "sh");
            builder.command().addAll(Cli.command("run"));
            builder.environment().putAll(place.environment());
            builder.environment().put("LC_ALL", locale);
            Process process = builder.start();
            assertThat(new String(process.getInputStream().readAllBytes(), UTF_8))
                    .as("under %s", locale)
                    .isEqualTo("grün ok\n");
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
    }

    @Test
    void aReaderThatLeavesEndsTheCommand() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", "\"$@\" | head -1", "sh");
        builder.command().addAll(Cli.command("run", "--", "yes"));
        builder.environment().putAll(place.environment());
        Process process = builder.start();
        assertThat(process.inputReader().readLine()).isEqualTo("y");
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aGibibyteOfOutputArrives() throws Exception {
        Process process = cli.start("run", "--", "sh", "-c", "dd if=/dev/zero bs=1M count=1024 2>/dev/null");
        long bytes = 0;
        byte[] buffer = new byte[1 << 20];
        for (int n = process.getInputStream().read(buffer);
                n >= 0;
                n = process.getInputStream().read(buffer)) {
            bytes += n;
        }
        assertThat(bytes).isEqualTo(1L << 30);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }
}
