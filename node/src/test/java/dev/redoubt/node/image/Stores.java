package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.NodeOfTest;
import dev.redoubt.node.image.unpack.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What tests of the store have in common. */
final class Stores {
    static final Consumer<ImageEvent> SILENT = event -> {};

    private Stores() {}

    static ImageStore open(Scratch scratch) {
        return open(scratch, scratch.path("images"));
    }

    static ImageStore open(Scratch scratch, Limits limits) {
        return ImageStore.open(scratch.path("images"), ShortNames.CONVENTION, sandboxes(scratch), limits);
    }

    /** A store elsewhere than in the scratch directory; its sandboxes are there all the same. */
    static ImageStore open(Scratch scratch, Path images) {
        return ImageStore.open(images, ShortNames.CONVENTION, NodeOfTest.sandboxes(scratch.path()));
    }

    static UnpackSandboxes sandboxes(Scratch scratch) {
        return UnpackSandboxes.of(NodeOfTest.sandboxes(scratch.path()));
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

    /** No sandbox of this scratch directory's is left, nor any part of one. */
    static void assertNoSandboxes(Scratch scratch) throws IOException {
        for (String part : List.of("data/node/owners", "data/node/ranges", "run")) {
            if (Files.exists(scratch.path(part))) {
                assertThat(names(scratch.path(part))).as(part).isEmpty();
            }
        }
    }
}
