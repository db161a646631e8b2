package dev.redoubt.node.image;

import dev.redoubt.node.image.Documents.Config;
import dev.redoubt.node.image.Documents.Descriptor;
import dev.redoubt.node.image.ImageException.Reason;
import java.util.List;
import java.util.stream.Collectors;

/** Which of several images is the one for a platform, and whether one that was taken is. */
final class Selection {
    private Selection() {}

    /** The only manifest for {@code platform}; one that names no platform is judged by its configuration later. */
    static Descriptor one(List<Descriptor> manifests, Platform platform) {
        List<Descriptor> fitting = manifests.stream()
                .filter(manifest -> manifest.platform().map(platform::accepts).orElse(true))
                .toList();
        if (fitting.isEmpty()) {
            String offered = manifests.stream()
                    .flatMap(manifest -> manifest.platform().stream())
                    .map(Platform::toString)
                    .distinct()
                    .collect(Collectors.joining(", "));
            throw wrong(platform, offered);
        }
        boolean ambiguous = fitting.size() > 1 && fitting.getFirst().platform().isEmpty();
        if (ambiguous) {
            throw new ImageException(Reason.BAD_IMAGE, "there are " + fitting.size() + " images: keep one");
        }
        // Several variants of one processor: indexes list the plainest first.
        return fitting.getFirst();
    }

    /** Refuses a configuration for another platform, or with another number of layers than the manifest. */
    static void check(Config config, int layers, Platform platform) {
        if (!platform.accepts(config.platform())) {
            throw wrong(platform, config.platform().toString());
        }
        if (config.diffIds().size() != layers) {
            throw new ImageException(
                    Reason.BAD_IMAGE,
                    "the manifest has " + layers + " layers, the configuration "
                            + config.diffIds().size());
        }
    }

    private static ImageException wrong(Platform wanted, String offered) {
        return new ImageException(
                Reason.WRONG_PLATFORM,
                "the image is not for " + wanted + "; there is "
                        + (offered.isEmpty() ? "none for any platform" : offered));
    }
}
