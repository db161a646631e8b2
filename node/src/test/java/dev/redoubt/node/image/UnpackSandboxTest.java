package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the unpacking process has and has not, read from outside while it waits for its input. */
class UnpackSandboxTest {
    private static final List<String> NAMESPACES = List.of("user", "mnt", "pid", "net", "ipc", "uts", "cgroup");

    @Test
    void theProcessHasNothingButItsDirectory() throws Exception {
        try (Scratch scratch = new Scratch()) {
            Path target = scratch.make("target");
            Path skeleton = scratch.make("skeleton");
            Process started =
                    new UnpackSandbox(Stores.IDS).start(skeleton, target, List.of("unpack", "1000000", "100", "200"));
            try {
                Path process = Path.of("/proc", Long.toString(java(started).pid()));

                for (String namespace : NAMESPACES) {
                    assertThat(link(process, namespace)).isNotEqualTo(link(Path.of("/proc/self"), namespace));
                }
                String status = Files.readString(process.resolve("status"));
                assertThat(status).contains("Uid:\t" + Stores.IDS + "\t" + Stores.IDS);
                assertThat(status).contains("NoNewPrivs:\t1").contains("NSpid:").containsPattern("Groups:\\s*\n");
                // CHOWN, DAC_OVERRIDE, FOWNER, FSETID.
                assertThat(status).contains("CapEff:\t000000000000001b").contains("CapBnd:\t000000000000001b");
                assertThat(Stores.names(process.resolve("root/target"))).isEmpty();
                assertThat(scratch.sh("ls -A \"$1\"/root/old \"$1\"/root | sort", process.toString()))
                        .doesNotContain("etc")
                        .doesNotContain("home")
                        .doesNotContain("sys")
                        .doesNotContain("var");
                assertThat(Files.readString(process.resolve("net/dev")).lines().filter(line -> line.contains(":")))
                        .hasSize(1);
                assertThat(writableMounts(process))
                        .containsExactlyInAnyOrder(
                                "/", "/dev/null", "/dev/random", "/dev/urandom", "/proc", "/target", "/tmp", "/user");
            } finally {
                started.destroyForcibly().waitFor();
            }
            assertThat(Stores.names(skeleton)).isEmpty();
        }
    }

    @Test
    void nothingOfItOutlivesItsDestruction() throws Exception {
        try (Scratch scratch = new Scratch()) {
            Process started = new UnpackSandbox(Stores.IDS)
                    .start(
                            scratch.make("skeleton"),
                            scratch.make("target"),
                            List.of("unpack", "1000000", "100", "200"));
            ProcessHandle java = java(started);

            started.destroyForcibly();

            assertThat(java.onExit().get(10, TimeUnit.SECONDS).isAlive()).isFalse();
        }
    }

    /** What a JVM costs on top of the archive: the bar is a second. */
    @Test
    void anEmptyArchiveIsUnpacked() throws Exception {
        try (Scratch scratch = new Scratch()) {
            Process started = new UnpackSandbox(Stores.IDS)
                    .start(
                            scratch.make("skeleton"),
                            scratch.make("target"),
                            List.of("unpack", "1000000", "100", "200"));
            started.getOutputStream().write(new byte[1024]);
            started.getOutputStream().close();

            String report = new String(started.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

            assertThat(report).isEqualTo("done 0 0\n");
            assertThat(started.waitFor()).isZero();
        }
    }

    private static String link(Path process, String namespace) throws IOException {
        return Files.readSymbolicLink(process.resolve("ns").resolve(namespace)).toString();
    }

    private static List<String> writableMounts(Path process) throws IOException {
        return Files.readString(process.resolve("mountinfo"))
                .lines()
                .map(line -> line.split(" ", -1))
                .filter(fields -> fields[5].startsWith("rw"))
                .map(fields -> fields[4])
                .toList();
    }

    /** The JVM inside, once it has become one. */
    private static ProcessHandle java(Process started) throws InterruptedException {
        Instant end = Instant.now().plus(Duration.ofSeconds(30));
        while (true) {
            Optional<ProcessHandle> java = started.descendants()
                    .filter(process -> process.info().command().orElse("").endsWith("/bin/java"))
                    .findFirst();
            if (java.isPresent()) {
                return java.get();
            }
            assertThat(Instant.now()).isBefore(end);
            Thread.sleep(10);
        }
    }
}
