package dev.redoubt.node.walls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What we write looks like what the kernel writes. */
final class ProcFilesTest {
    private static final Size LIMIT = Size.ofMib(512);

    private static List<String> host(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc", name));
    }

    private static List<String> names(List<String> lines) {
        return lines.stream().map(line -> line.split("[\\s:]+", -1)[0]).toList();
    }

    @Test
    void meminfoHasTheKernelsLinesInItsOrder() throws IOException {
        List<String> lines = ProcFiles.meminfo(LIMIT).lines().toList();
        assertThat(lines.getFirst()).isEqualTo("MemTotal:         524288 kB");
        assertThat(lines)
                .contains("MemAvailable:     524288 kB", "SwapTotal:             0 kB", "HugePages_Total:       0");
        List<String> ours = names(lines);
        List<String> theirs = names(host("meminfo"));
        List<String> common = theirs.stream().filter(ours::contains).toList();
        assertThat(ours.stream().filter(theirs::contains).toList()).isEqualTo(common);
        assertThat(common)
                .contains("MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SReclaimable", "Shmem");
    }

    /** Each line of ours has the columns of the kernel's line of that name. */
    @Test
    void meminfoAlignsAsTheKernelDoes() throws IOException {
        for (String line : host("meminfo")) {
            assertThat(line).matches("\\S+: +\\d+( kB)?");
        }
        for (String line : ProcFiles.meminfo(LIMIT).lines().toList()) {
            assertThat(line).matches("\\S+: +\\d+( kB)?");
            assertThat(line.length() == 27 || line.length() == 24 || line.startsWith("VmallocTotal"))
                    .as(line)
                    .isTrue();
        }
    }

    @Test
    void vmstatCountsPagesAndNothingElse() throws IOException {
        List<String> lines = ProcFiles.vmstat(LIMIT).lines().toList();
        assertThat(lines).contains("nr_free_pages 131072", "pgfault 0", "pswpin 0", "pswpout 0", "pgpgin 0");
        Set<String> theirs = new HashSet<>(names(host("vmstat")));
        assertThat(names(lines).stream().filter(name -> !theirs.contains(name)).collect(Collectors.toSet()))
                .as("names that this kernel does not have")
                .isSubsetOf("pgreuse", "thp_fault_alloc", "compact_stall", "pswpin", "pswpout", "pgalloc_dma");
    }

    @Test
    void cpuinfoRepeatsTheFirstProcessor() throws IOException {
        String host = String.join("\n", host("cpuinfo"));
        String ours = ProcFiles.cpuinfo(3, host.substring(0, host.indexOf("\n\n")));
        assertThat(ours.lines().filter(line -> line.startsWith("processor")))
                .containsExactly("processor\t: 0", "processor\t: 1", "processor\t: 2");
        assertThat(ours.lines().filter(line -> line.startsWith("cpu cores"))).containsOnly("cpu cores\t: 3");
        assertThat(ours.lines().filter(line -> line.startsWith("model name"))).hasSize(3);
        assertThat(ours).endsWith("\n\n");
        int first = host.indexOf("\n\n");
        assertThat(names(ours.lines().toList()))
                .startsWith(names(host.substring(0, first).lines().toList()).toArray(String[]::new));
    }

    @Test
    void statHasALineForEachProcessorAndTheBootTime() throws IOException {
        List<String> lines =
                ProcFiles.stat(2, Instant.ofEpochSecond(1_700_000_000)).lines().toList();
        assertThat(names(lines))
                .isEqualTo(List.of(
                        "cpu",
                        "cpu0",
                        "cpu1",
                        "intr",
                        "ctxt",
                        "btime",
                        "processes",
                        "procs_running",
                        "procs_blocked",
                        "softirq"));
        assertThat(lines).contains("btime 1700000000");
        List<String> theirs = names(host("stat"));
        assertThat(theirs)
                .containsAll(names(lines).stream()
                        .filter(name -> !name.matches("cpu\\d+"))
                        .toList());
        assertThat(lines.getFirst().split(" +", -1))
                .hasSameSizeAs(host("stat").getFirst().split(" +", -1));
        assertThat(lines.getLast().split(" ", -1))
                .hasSameSizeAs(host("stat").getLast().split(" ", -1));
    }

    @Test
    void uptimeStandsWhereTheSandboxWasMade() {
        assertThat(ProcFiles.uptime(Duration.ofMillis(12_345_067))).isEqualTo("12345.06 0.00\n");
    }

    @Test
    void theHeaderOfSwapsIsTheKernels() throws IOException {
        assertThat(ProcFiles.swaps()).isEqualTo(host("swaps").getFirst() + "\n");
    }

    @ParameterizedTest
    @CsvSource({"0.01,1", "1,1", "1.001,2", "2,2", "3.5,4", "64,4"})
    void showsAsManyProcessorsAsTheLimitTouches(String cpus, int shown) {
        assertThat(ProcFiles.processors(Cpus.parse(cpus), List.of("0", "1", "2", "3")))
                .isEqualTo(shown);
    }
}
