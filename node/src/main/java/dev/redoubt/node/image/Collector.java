package dev.redoubt.node.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Removes images that have no name and no user, then layers that no image and no unfinished work wants.
 *
 * <p>What cannot be read might want anything. While something in the store is not understood, nothing is removed that it
 * could mean: a newer version may have written it, and will be back.
 */
final class Collector {
    private final StoreDirectory store;
    private final Catalogue catalogue;
    private final Layers layers;

    Collector(StoreDirectory store, Catalogue catalogue, Layers layers) {
        this.store = store;
        this.catalogue = catalogue;
        this.layers = layers;
    }

    /** Takes the lock for the decision only: the trees are moved aside under it and removed without it. */
    void collect() {
        try (Workspace trash = Workspace.create(store)) {
            Path aside = trash.directory("layers");
            int moved = store.exclusive(() -> withdraw(aside));
            assert moved >= 0;
        }
    }

    private int withdraw(Path aside) {
        Set<Digest> wantedImages = new HashSet<>(catalogue.names().values());
        wantedImages.addAll(catalogue.uses().values());
        if (!catalogue.strangers().isEmpty()) {
            return 0;
        }
        for (Digest image : catalogue.images()) {
            if (!wantedImages.contains(image)) {
                catalogue.forget(image);
            }
        }
        if (wantedImages.stream().anyMatch(catalogue::isUnreadable)) {
            return 0;
        }
        Set<Digest> unwanted = unwantedLayers(wantedImages);
        unwanted.forEach(key -> layers.withdraw(key, aside));
        return unwanted.size();
    }

    private Set<Digest> unwantedLayers(Set<Digest> wantedImages) {
        try {
            Set<Digest> unwanted = layers.all();
            wantedImages.stream()
                    .map(catalogue::find)
                    .flatMap(Optional::stream)
                    .forEach(image -> unwanted.removeAll(image.keys()));
            unwanted.removeAll(Workspace.pinned(store));
            return unwanted;
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot list layers", cannot);
        }
    }

    /** Owners of sandboxes on an image. */
    Set<String> users(Digest image) {
        Set<String> users = new HashSet<>();
        for (Map.Entry<String, Digest> use : catalogue.uses().entrySet()) {
            if (use.getValue().equals(image)) {
                users.add(use.getKey());
            }
        }
        return users;
    }
}
