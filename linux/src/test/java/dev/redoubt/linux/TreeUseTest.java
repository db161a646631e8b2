package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeUseTest {
    private static final int MIB = 1 << 20;

    @TempDir
    private Path tree;

    private TreeUse use() {
        try (Directory root = Directory.open(tree)) {
            return TreeUse.of(root, 10).orElseThrow();
        }
    }

    @Test
    void filesCountAsTheyAreOnTheDisk() throws IOException {
        TreeUse empty = use();
        Path file = Files.write(Files.createDirectory(tree.resolve("d")).resolve("file"), new byte[MIB]);
        Files.createLink(tree.resolve("second"), file);
        try (RandomAccessFile sparse =
                new RandomAccessFile(tree.resolve("sparse").toFile(), "rw")) {
            sparse.setLength(100L * MIB);
        }

        TreeUse full = use();

        assertThat(empty.entries()).isOne();
        assertThat(full.entries()).isEqualTo(5);
        assertThat(full.bytes() - empty.bytes()).isBetween((long) MIB, MIB + 65_536L);
    }

    @Test
    void linksAreNotFollowed() throws IOException {
        Files.createSymbolicLink(tree.resolve("out"), Path.of("/usr"));

        assertThat(use().entries()).isEqualTo(2);
    }

    @Test
    void aTreeThatIsTooDeepIsNotMeasured() throws IOException {
        Files.createDirectories(tree.resolve("1/2/3/4"));

        try (Directory root = Directory.open(tree)) {
            assertThat(TreeUse.of(root, 5)).isPresent();
        }
        try (Directory root = Directory.open(tree)) {
            assertThat(TreeUse.of(root, 4)).isEmpty();
        }
    }
}
