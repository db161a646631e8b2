package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.Bytes;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.JobOutput;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.Work;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** What the host counts per user, a sandbox uses up for itself only. */
final class SharedCountersTest {
    private static final Path PROGRAM = Path.of(System.getProperty("redoubt.native"), "redoubt-escape");
    private static final String INSIDE = "/tmp/redoubt-escape";

    /** Nearly all of fs.inotify.max_user_instances, which is 128 unless the host says otherwise. */
    private static final String OF_THE_SANDBOX = "120";

    private static final int OF_THE_HOST = 25;

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    @Test
    void watchersOfASandboxAreNotTheHosts() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        NodeSettings settings = NodeSettings.library(
                Map.of(
                        "REDOUBT_DATA_DIR", directory.resolve("data").toString(),
                        "REDOUBT_RUN_DIR", directory.resolve("run").toString()),
                Path.of(System.getProperty("redoubt.native")));
        CompletableFuture<String> taken = new CompletableFuture<>();
        try (Node node = Node.open(settings)) {
            node.images().ensureBuiltIn("busybox");
            try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
                bringProgram(sandbox);
                RunRequest take =
                        RunRequest.exec(INSIDE, "watchers", OF_THE_SANDBOX).withUser("1000");
                sandbox.guest().run(take, (job, piece) -> heard(job, piece, taken));
                assertThat(taken.get(30, TimeUnit.SECONDS)).isEqualToIgnoringNewLines(OF_THE_SANDBOX);

                assertThat(watchersOfThisUser()).isEqualTo(OF_THE_HOST);
            }
        }
    }

    private static void bringProgram(Sandbox sandbox) throws Exception {
        RunRequest write = RunRequest.of(new Work.WriteFile(Bytes.of(INSIDE), 0755))
                .withUser("1000")
                .withInput();
        GuestJob job = sandbox.guest().run(write, (from, piece) -> from.acknowledge(piece.seq()));
        job.write(ByteBuffer.wrap(Files.readAllBytes(PROGRAM)));
        job.closeInput();
        assertThat(job.exit().get(30, TimeUnit.SECONDS))
                .isInstanceOfSatisfying(
                        JobExit.Exited.class, exit -> assertThat(exit.code()).isZero());
    }

    private static void heard(GuestJob job, JobOutput piece, CompletableFuture<String> said) {
        job.acknowledge(piece.seq());
        if (piece instanceof JobOutput.Chunk chunk) {
            said.complete(
                    StandardCharsets.US_ASCII.decode(chunk.bytes().duplicate()).toString());
        }
    }

    private static int watchersOfThisUser() throws IOException {
        List<WatchService> watchers = new ArrayList<>();
        try {
            while (watchers.size() < OF_THE_HOST) {
                watchers.add(FileSystems.getDefault().newWatchService());
            }
        } catch (IOException none) {
            return watchers.size();
        } finally {
            for (WatchService watcher : watchers) {
                watcher.close();
            }
        }
        return watchers.size();
    }
}
