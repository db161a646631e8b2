package dev.redoubt.node.image;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.EntryStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a name means in a stack of layers, without mounting them: overlayfs' rules, name by name. */
final class Overlay {
    static final String OPAQUE = "user.overlay.opaque";

    /** From the top; what an opaque root hides is left out already. */
    private final List<Path> layers;

    private Overlay(List<Path> layers) {
        this.layers = layers;
    }

    /** {@code layers} from the top to the bottom. */
    static Overlay of(List<Path> layers) {
        return new Overlay(layers.subList(0, visible(layers)));
    }

    /** How many layers count: overlayfs itself does not look at the root's mark, so an image leaves the rest out. */
    static int visible(List<Path> layers) {
        for (int at = 0; at < layers.size(); at++) {
            if (isOpaque(layers.get(at))) {
                return at + 1;
            }
        }
        return layers.size();
    }

    private static boolean isOpaque(Path layer) {
        try (Directory root = Directory.open(layer)) {
            return root.attribute(OPAQUE).isPresent();
        }
    }

    /** The file that a path (byte string, relative, no dots) leads to; empty when there is none. Follows no link. */
    Optional<EntryStatus> find(String path) {
        List<Directory> level = new ArrayList<>();
        try {
            layers.forEach(layer -> level.add(Directory.open(layer)));
            List<String> names = List.of(path.split("/", -1));
            for (String name : names.subList(0, names.size() - 1)) {
                Step step = step(level, name.getBytes(StandardCharsets.ISO_8859_1));
                if (step.directories().isEmpty()) {
                    return step.other();
                }
                replace(level, step.directories());
            }
            return last(level, names.getLast().getBytes(StandardCharsets.ISO_8859_1));
        } finally {
            level.forEach(Directory::close);
        }
    }

    private static void replace(List<Directory> level, List<Directory> next) {
        level.forEach(Directory::close);
        level.clear();
        level.addAll(next);
    }

    /** The directories of a name that merge, or the one other thing that it is. */
    private record Step(List<Directory> directories, Optional<EntryStatus> other) {}

    private static Step step(List<Directory> level, byte[] name) {
        List<Directory> merged = new ArrayList<>();
        for (Directory layer : level) {
            EntryStatus status = layer.status(name).orElse(null);
            if (status == null) {
                continue;
            }
            if (status.type() != EntryStatus.Type.DIRECTORY) {
                boolean seen = merged.isEmpty() && status.type() != EntryStatus.Type.WHITEOUT;
                return new Step(merged, seen ? Optional.of(status) : Optional.empty());
            }
            Directory child = layer.child(name);
            merged.add(child);
            if (child.attribute(OPAQUE).isPresent()) {
                break;
            }
        }
        return new Step(merged, Optional.empty());
    }

    private static Optional<EntryStatus> last(List<Directory> level, byte[] name) {
        for (Directory layer : level) {
            Optional<EntryStatus> status = layer.status(name);
            if (status.isPresent()) {
                return status.filter(s -> s.type() != EntryStatus.Type.WHITEOUT);
            }
        }
        return Optional.empty();
    }
}
