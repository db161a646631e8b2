package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.image.unpack.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What tests of the store have in common. */
final class Stores {
    /** Ids outside of every range that sandboxes get. */
    static final int IDS = 458_752;

    static final Consumer<ImageEvent> SILENT = event -> {};

    private Stores() {}

    static ImageStore open(Scratch scratch) {
        return ImageStore.open(scratch.path("images"), IDS);
    }

    static ImageStore open(Scratch scratch, Limits limits) {
        return ImageStore.open(scratch.path("images"), IDS, limits);
    }

    static List<String> names(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(path -> String.valueOf(path.getFileName())).sorted().toList();
        }
    }

    static List<String> layers(Scratch scratch) throws IOException {
        return names(scratch.path("images/layers"));
    }

    /** Nothing is left of whatever was tried. */
    static void assertEmpty(Scratch scratch) throws IOException {
        assertThat(layers(scratch)).isEmpty();
        assertThat(names(scratch.path("images/manifests"))).isEmpty();
        assertThat(names(scratch.path("images/refs"))).isEmpty();
        assertNoLeftovers(scratch);
    }

    static void assertNoLeftovers(Scratch scratch) throws IOException {
        assertThat(names(scratch.path("images/tmp"))).containsExactly("blobs");
        assertThat(names(scratch.path("images/tmp/blobs"))).isEmpty();
    }
}
