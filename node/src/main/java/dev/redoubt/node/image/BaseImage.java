package dev.redoubt.node.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/** The image for real work: a layer of Debian made by {@code images/base.sh}, and a small one with our own files. */
final class BaseImage {
    static final String NAME = "base";

    private BaseImage() {}

    static ImageConfig config() {
        return new ImageConfig(
                List.of(
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "LANG=C.UTF-8",
                        "DEBIAN_FRONTEND=noninteractive"),
                List.of(),
                List.of("bash"),
                "user",
                "/home/user");
    }

    /** Names the recipe: the image is made again when it changes. */
    static String recipe(List<String> packages) {
        return "recipe " + Digest.of(script() + "\n" + String.join(" ", packages));
    }

    static String script() {
        try (InputStream in = BaseImage.class.getResourceAsStream("base.sh")) {
            if (in == null) {
                throw new AssertionError("base.sh is part of this jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException cannot) {
            throw new AssertionError("base.sh is part of this jar", cannot);
        }
    }

    /** Our own files as a layer, and the empty /dev that the recipe leaves out together with its devices. */
    static byte[] extras(List<ExtraFile> extras) throws IOException {
        TarWriter tar = new TarWriter().directory("dev", 0755, 0);
        for (ExtraFile extra : extras) {
            tar.file(extra.target(), extra.mode(), Files.readAllBytes(extra.source()));
        }
        return tar.archive();
    }
}
