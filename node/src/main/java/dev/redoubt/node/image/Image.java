package dev.redoubt.node.image;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * An image that is complete on this machine.
 *
 * @param digest of its manifest; of its configuration when it came without a manifest
 * @param names that lead to it, sorted
 * @param layers from the top to the bottom
 * @param size bytes of all its layers, some of which other images may share
 * @param source where it came from, for people
 */
public record Image(
        Digest digest,
        List<String> names,
        List<Layer> layers,
        ImageConfig config,
        Platform platform,
        long size,
        Instant created,
        String source) {
    public Image {
        names = List.copyOf(names);
        layers = List.copyOf(layers);
    }

    /** The lower directories of an overlay, top first. */
    public List<Path> layerDirectories() {
        return layers.stream().map(Layer::directory).toList();
    }
}
