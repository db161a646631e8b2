package dev.redoubt.bench;

import dev.redoubt.node.image.Image;
import dev.redoubt.node.image.ImageException;
import dev.redoubt.node.image.ImageStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The images that things are measured on: a whole Debian where it is there, and the smallest. */
final class Roots {
    private static final String DEBIAN = "base";
    private static final String BUSYBOX = "busybox";

    private Roots() {}

    static List<Root> available(Bench bench, ImageStore images) {
        List<Root> roots = new ArrayList<>();
        try {
            roots.add(root(images.resolve(DEBIAN)));
        } catch (ImageException missing) {
            if (missing.reason() != ImageException.Reason.NOT_FOUND) {
                throw missing;
            }
            bench.turns().skip(Library.NAME, "nothing on Debian: no image base (./redoubt image build base makes it)");
        }
        roots.add(busybox(images));
        return roots;
    }

    static Root busybox(ImageStore images) {
        return root(images.ensureBuiltIn(BUSYBOX));
    }

    /** The others get the lowest layer: the built-in images have only that one, or next to nothing on top. */
    private static Root root(Image image) {
        List<Path> layers = image.layerDirectories();
        return new Root(image.names().getFirst(), layers.getLast());
    }
}
