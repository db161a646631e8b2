package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmokeTest {
    @Test
    void smoke(@TempDir Path dir) throws Exception {
        ImageStore store = ImageStore.open(dir.resolve("images"), 458752);
        long t = System.nanoTime();
        Image b = store.ensureBuiltIn("busybox");
        System.out.println("busybox ms " + (System.nanoTime() - t) / 1e6 + " " + b);
        t = System.nanoTime();
        b = store.ensureBuiltIn("busybox");
        System.out.println("busybox again ms " + (System.nanoTime() - t) / 1e6);
        Path tar = Path.of("/tmp/base1.tar");
        for (String c : List.of("cat", "gzip -1", "zstd -1")) {
            Path file = dir.resolve("x.tar");
            Process p = new ProcessBuilder(
                            "sh", "-c", "tar -C " + b.layerDirectories().getFirst() + " -cf - . | " + c + " > " + file)
                    .inheritIO()
                    .start();
            assertThat(p.waitFor()).isZero();
            t = System.nanoTime();
            Image i = store.importArchive(file, "mine:" + c.replaceAll(" .*", ""), e -> System.out.println(e));
            System.out.println("import ms " + (System.nanoTime() - t) / 1e6 + " " + i);
        }
        if (Files.exists(tar) && System.getenv("BIG") != null) {
            t = System.nanoTime();
            Image i = store.importArchive(tar, "big", e -> {});
            System.out.println("import ms " + (System.nanoTime() - t) / 1e6 + " " + i);
            new ProcessBuilder(
                            "sh",
                            "-c",
                            "ls -lan " + i.layerDirectories().getFirst() + " "
                                    + i.layerDirectories().getFirst() + "/home; find "
                                    + i.layerDirectories().getFirst() + " -newermt 2023-06-11 | head -5; find "
                                    + i.layerDirectories().getFirst() + " -uid +65535 | head")
                    .inheritIO()
                    .start()
                    .waitFor();
        }
        new ProcessBuilder(
                        "sh",
                        "-c",
                        "find " + dir + " -maxdepth 4; ls -lan "
                                + b.layerDirectories().getFirst())
                .inheritIO()
                .start()
                .waitFor();
    }
}
