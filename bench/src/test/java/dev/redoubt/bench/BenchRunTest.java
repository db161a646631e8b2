package dev.redoubt.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.node.NodeSettings;
import dev.redoubt.protocol.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every benchmark once, short: that it works, beside every program that it compares with and that is here. */
class BenchRunTest {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    @TempDir
    private Path directory;

    @Test
    void cold() throws Exception {
        JsonNode report = run("cold");

        assertThat(subjects(report, "busybox: create to first byte, slots ready"))
                .containsExactly("redoubt");
        assertThat(subjects(report, "busybox: create to first byte, no slot")).containsExactly("redoubt");
        assertThat(subjects(report, "busybox: create to first byte"))
                .containsExactlyInAnyOrderElementsOf(installed(
                        "runc",
                        "crun",
                        "crun without cgroups",
                        "bwrap",
                        "runsc",
                        "redoubt by crun",
                        "redoubt by gvisor"));
    }

    @Test
    void exec() throws Exception {
        assertThat(subjects(run("exec"), "busybox: true in a running sandbox"))
                .contains("redoubt")
                .containsAll(installed("runc exec", "crun exec", "runsc exec"));
    }

    @Test
    void rate() throws Exception {
        JsonNode report = run("rate");

        assertThat(subjects(report, "busybox: created, used and removed"))
                .contains("redoubt")
                .containsAll(installed("runc", "crun", "runsc", "bwrap"));
        assertNothingIsLeftOf(report);
    }

    @Test
    void density() throws Exception {
        JsonNode report = run("density");

        assertThat(subjects(report, "true in one, beside 20")).containsExactly("redoubt");
        assertThat(subjects(report, "memory, each of 20")).containsExactly("redoubt");
        assertThat(subjects(report, "memory, each of 2"))
                .contains("redoubt")
                .containsAll(installed("runc", "crun", "runsc", "bwrap"));
        assertNothingIsLeftOf(report);
    }

    @Test
    void walls() throws Exception {
        JsonNode report = run("walls");

        for (String what : List.of("a walls report", "its signature")) {
            assertThat(subjects(report, what)).contains("redoubt, process 1 alone", "redoubt, 100 processes");
        }
    }

    @Test
    void syscall() throws Exception {
        JsonNode report = run("syscall");

        for (String call : List.of("getpid", "stat", "open+close", "read", "write")) {
            assertThat(subjects(report, call))
                    .contains("host", "redoubt", "redoubt, nobody asked")
                    .containsAll(installed("runc", "crun", "runsc", "bwrap"));
        }
    }

    @Test
    void broker() throws Exception {
        JsonNode report = run("broker");

        assertThat(subjects(report, "openat")).containsExactly("redoubt", "redoubt, files hidden by patterns");
        assertThat(subjects(report, "busybox: create to first byte, slots ready"))
                .containsExactly("redoubt", "redoubt, nobody asked");
    }

    @Test
    void aBenchmarkThatThereIsNotIsRefused() {
        assertThatThrownBy(() -> run("warmth")).isInstanceOf(Problem.class).hasMessageContaining("cold, exec");
    }

    /** Of what only we make: network namespaces come and go on a host, and what is left is counted all over it. */
    private static void assertNothingIsLeftOf(JsonNode report) {
        for (String what : List.of("processes", "mounts", "control groups", "descriptors", "files")) {
            for (JsonNode result : report.get("results")) {
                if (result.get("case").asString().equals("left over: " + what)) {
                    assertThat(result.get("max").asDouble()).as(what).isZero();
                }
            }
            assertThat(subjects(report, "left over: " + what)).containsExactly("redoubt");
        }
    }

    private static List<String> installed(String... subjects) {
        return Stream.of(subjects)
                .filter(subject -> Programs.installed(program(subject)))
                .toList();
    }

    /** What has to be installed for it. */
    private static String program(String subject) {
        return switch (subject) {
            case "redoubt by crun" -> "crun";
            case "redoubt by gvisor" -> "runsc";
            default -> subject.split(" ")[0];
        };
    }

    private static Set<String> subjects(JsonNode report, String what) {
        Set<String> subjects = new TreeSet<>();
        for (JsonNode result : report.get("results")) {
            if (result.get("case").asString().equals(what)) {
                subjects.add(result.get("subject").asString());
            }
        }
        return subjects;
    }

    private JsonNode run(String name) throws IOException, InterruptedException {
        NodeSettings node = NodeSettings.library(
                Map.of("REDOUBT_DATA_DIR", directory + "/data", "REDOUBT_RUN_DIR", directory + "/run"),
                StopwatchTest.natives());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<String> progress = new ArrayList<>();
        BenchRun.run(
                List.of(name),
                new BenchSettings(node, Optional.empty(), true),
                true,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                progress::add);
        assertThat(cgroupsOfThisProcess()).isEmpty();
        return JsonMapper.builder().build().readTree(out.toString(StandardCharsets.UTF_8));
    }

    private static List<Path> cgroupsOfThisProcess() throws IOException {
        String name = "redoubt-bench-" + ProcessHandle.current().pid();
        try (Stream<Path> hierarchies = Files.list(CGROUPS)) {
            return hierarchies
                    .map(hierarchy -> hierarchy.resolve(name))
                    .filter(Files::exists)
                    .toList();
        }
    }
}
