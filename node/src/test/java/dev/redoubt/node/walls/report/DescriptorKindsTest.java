package dev.redoubt.node.walls.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DescriptorKindsTest {
    @TempDir
    Path directory;

    /** What an intruder would have left open in process 1 has a kind of its own. */
    @Test
    void aFileIsNoPipeAndNoSocket() throws IOException {
        Path file = Files.createFile(directory.resolve("left open"));
        DescriptorKinds before = own();
        try (FileChannel _ = FileChannel.open(file, StandardOpenOption.READ);
                SocketChannel _ = SocketChannel.open()) {
            Pipe pipe = Pipe.open();
            DescriptorKinds now = own();
            pipe.source().close();
            pipe.sink().close();
            assertThat(before.counts()).doesNotContainKey(file.toString());
            assertThat(now.counts()).containsEntry(file.toString(), 1);
            assertThat(now.counts().get("pipe"))
                    .isGreaterThanOrEqualTo(before.counts().getOrDefault("pipe", 0) + 2);
            assertThat(now.counts().get("socket"))
                    .isGreaterThanOrEqualTo(before.counts().getOrDefault("socket", 0) + 1);
        }
    }

    private static DescriptorKinds own() {
        return DescriptorKinds.of((int) ProcessHandle.current().pid());
    }
}
