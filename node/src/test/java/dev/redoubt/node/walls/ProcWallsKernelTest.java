package dev.redoubt.node.walls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.node.launch.LaunchSpec.Mask;
import dev.redoubt.node.launch.LaunchSpec.SynthesisedFile;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real programs read a /proc that is covered as a sandbox's is, in namespaces of their own. */
@Tag("vm")
final class ProcWallsKernelTest {
    private static final HostFacts HOST = HostFacts.read();
    private static final Limits LIMITS =
            Limits.DEFAULT.withMemory(Size.ofMib(300)).withCpus(new Cpus(1500));
    private static final UUID BOOT_ID = UUID.fromString("5b1a7d84-3a2e-4f30-9a53-0a6ed1e0c001");

    @TempDir
    Path scratch;

    private WallsProbe control;
    private WallsProbe covered;

    @BeforeEach
    void cover() throws IOException {
        StringBuilder script = new StringBuilder("set -e\n");
        for (Mask mask : ProcWalls.masks(HOST)) {
            script.append(mask.mayBeAbsent() ? "[ ! -e " + mask.path() + " ] || " : "")
                    .append(place(mask))
                    .append('\n');
        }
        int number = 0;
        for (SynthesisedFile file : files()) {
            Path content = Files.write(scratch.resolve("file" + number++), file.content());
            script.append("mount --bind ")
                    .append(content)
                    .append(' ')
                    .append(file.path())
                    .append('\n');
        }
        script.append("exec \"$@\"\n");
        Path cover = Files.writeString(scratch.resolve("cover"), script);
        String[] namespaces = {"unshare", "-pfmuin", "--mount-proc", "--kill-child", "--propagation", "private", "sh"};
        control = WallsProbe.in(scratch).startedBy(with(namespaces, "-c", "exec \"$@\"", "sh"));
        covered = WallsProbe.in(scratch).startedBy(with(namespaces, cover.toString()));
    }

    private static String[] with(String[] command, String... more) {
        return Stream.concat(Stream.of(command), Stream.of(more)).toArray(String[]::new);
    }

    private static String place(Mask mask) {
        String path = mask.path();
        return switch (mask.cover()) {
            case NULL -> "mount --bind /dev/null " + path;
            case EMPTY -> "mount -t tmpfs -o ro,nosuid,nodev,size=4096,nr_inodes=1,mode=555 none " + path;
            case READ_ONLY -> "{ mount --bind " + path + " " + path + " && mount -o remount,bind,ro " + path + "; }";
            case HIDDEN, FROZEN, PINNED -> throw new AssertionError("not of /proc: " + mask);
        };
    }

    private String sh(WallsProbe probe, String script) {
        WallsProbe.Outcome outcome = probe.run("exec", "sh", "-c", script);
        assertThat(outcome.err()).as("%s: %s", script, outcome.out()).isEmpty();
        assertThat(outcome.exit()).as("%s: %s", script, outcome.out()).isZero();
        return outcome.out();
    }

    @Test
    void coveredFilesAreEmpty() {
        String files = names("NULL");
        assertThat(sh(control, "cat " + files + " 2>/dev/null | head -c 1000 | wc -c")
                        .strip())
                .isEqualTo("1000");
        assertThat(sh(covered, "cat $(ls -d " + files + " 2>/dev/null)")).isEmpty();
        String directories = names("EMPTY");
        assertThat(sh(control, "ls -A " + directories + " 2>/dev/null | wc -l").strip())
                .isNotEqualTo("0");
        assertThat(sh(covered, "find $(ls -d " + directories + " 2>/dev/null) -mindepth 1"))
                .isEmpty();
    }

    private static String names(String cover) {
        return ProcWalls.masks(HOST).stream()
                .filter(mask -> mask.cover().name().equals(cover))
                .map(Mask::path)
                .filter(path -> !path.endsWith("/kmsg")) // reading it never ends
                .collect(Collectors.joining(" "));
    }

    @Test
    void settingsCannotBeWritten() {
        String write = "echo other > /proc/sys/kernel/hostname";
        assertThat(control.run("exec", "sh", "-c", write + " && uname -n").out())
                .isEqualTo("other\n");
        WallsProbe.Outcome outcome = covered.run("exec", "sh", "-c", write);
        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.err()).contains("Read-only file system");
    }

    @Test
    void theBootIdIsTheSandboxs() {
        assertThat(sh(covered, "cat /proc/sys/kernel/random/boot_id")).isEqualTo(BOOT_ID + "\n");
        assertThat(sh(control, "cat /proc/sys/kernel/random/boot_id")).isNotEqualTo(BOOT_ID + "\n");
    }

    @Test
    void procpsWorks() {
        assertThat(sh(covered, "free -b")).containsPattern("Mem: +314572800 +0 +314572800 ");
        assertThat(sh(covered, "uptime")).contains("load average: 0.00, 0.00, 0.00");
        assertThat(sh(covered, "ps -eo pid,etime,lstart,pcpu,comm")).contains("ps");
        assertThat(sh(covered, "top -bn1")).contains("load average: 0.00").containsPattern("MiB Mem : +300.0 total");
        assertThat(sh(covered, "vmstat")).contains("swpd");
        assertThat(sh(covered, "vmstat -s")).contains("307200 K total memory");
        assertThat(sh(covered, "swapon --show; lsblk -V >/dev/null; df / >/dev/null; w -h"))
                .isEmpty();
    }

    @Test
    void busyboxWorks() {
        assumeTrue(WallsProbe.find("busybox").isPresent());
        assertThat(sh(covered, "busybox top -bn1")).contains("Load average: 0.00 0.00 0.00");
        assertThat(sh(covered, "busybox ps && busybox uptime")).contains("load average");
    }

    @Test
    void nodeSeesTheLimits() {
        assumeTrue(WallsProbe.find("node").isPresent());
        String facts =
                sh(covered, "node -p 'const o = require(\"os\"); [o.totalmem(), o.freemem(), o.cpus().length]+\"\"'");
        int processors = ProcFiles.processors(LIMITS.cpus(), HOST.processors());
        assertThat(facts).isEqualTo("314572800,314572800," + processors + "\n");
    }

    @Test
    void pythonReadsThem() {
        assumeTrue(WallsProbe.find("python3").isPresent());
        String script = """
                python3 - <<'END'
                lines = dict(l.split(':') for l in open('/proc/meminfo'))
                assert int(lines['MemTotal'].split()[0]) == 300 * 1024
                stat = [l.split() for l in open('/proc/stat')]
                assert sum(map(int, stat[0][1:])) == 0 and [l for l in stat if l[0] == 'btime']
                for l in open('/proc/vmstat'): name, value = l.split(); int(value)
                assert [l for l in open('/proc/swaps')][0].split()[0] == 'Filename'
                assert len(open('/proc/loadavg').read().split()) == 5
                up, idle = map(float, open('/proc/uptime').read().split()); assert up > 0 and idle == 0
                print('read')
                END""";
        assertThat(sh(covered, script)).isEqualTo("read\n");
    }

    @Test
    void theJvmStarts() {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        assertThat(sh(covered, java + " -XX:+UseSerialGC -Xshare:auto -version 2>&1"))
                .contains("Runtime");
    }

    @Test
    void theFixedListsAreWithinASpec() {
        assertThat(List.of(
                        files().size(),
                        TmpfsMounts.of(LIMITS, true).size(),
                        ResourceLimits.ofGuest().size()))
                .allMatch(size -> size <= 16);
        assertThat(TmpfsMounts.paths(LIMITS, false)).containsExactly("/tmp", "/dev/shm", "/run/redoubt");
    }

    /** prlimit(1) sets each as the spawner does, without CAP_SYS_RESOURCE. */
    @Test
    void theLimitsCanBeSet() {
        String options = ResourceLimits.ofGuest().stream()
                .map(limit -> limit.resource() + ":" + limit.soft() + ":" + limit.hard())
                .collect(Collectors.joining(" "));
        assumeTrue(WallsProbe.find("python3").isPresent());
        String script =
                "for l in '" + options + "'.split(): r, s, h = map(int, l.split(':')); resource.setrlimit(r, (s, h))";
        assertThat(sh(covered, "python3 -c \"import resource\n" + script + "\nprint(resource.getrlimit(4))\""))
                .isEqualTo("(1, 1)\n");
    }

    private static List<SynthesisedFile> files() {
        List<SynthesisedFile> files = new ArrayList<>(ProcWalls.files(HOST, LIMITS));
        files.addAll(ProcWalls.filesOfOne(HOST, Instant.now(), BOOT_ID));
        return files;
    }
}
