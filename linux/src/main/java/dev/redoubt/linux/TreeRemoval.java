package dev.redoubt.linux;

import java.nio.charset.StandardCharsets;

/**
 * Removes a tree that a stranger may have written: no link followed, no depth that ends in an error.
 *
 * <p>A path can be deeper than any path name may be long, and one descriptor is held per level. So what lies deeper
 * than {@link #DEPTH} levels is first moved up beside the tree and removed from there.
 */
public final class TreeRemoval {
    private static final int DEPTH = 64;

    private final Directory top;
    private long moved;

    private TreeRemoval(Directory top) {
        this.top = top;
    }

    /** Removes {@code name} from {@code parent}, whatever it is; a name that is not there is no error. */
    public static void remove(Directory parent, byte[] name) {
        if (parent.status(name).isEmpty()) {
            return;
        }
        new TreeRemoval(parent).removeName(parent, name, 0);
    }

    private void removeName(Directory parent, byte[] name, int depth) {
        boolean directory = parent.status(name).stream().anyMatch(s -> s.type() == EntryStatus.Type.DIRECTORY);
        if (!directory) {
            parent.removeFile(name);
        } else if (depth < DEPTH) {
            empty(parent, name, depth);
            parent.removeEmptyDirectory(name);
        } else {
            byte[] beside = besideName();
            parent.move(name, top, beside);
            removeName(top, beside, 0);
        }
    }

    private void empty(Directory parent, byte[] name, int depth) {
        try (Directory directory = parent.child(name)) {
            for (byte[] child : directory.names()) {
                removeName(directory, child, depth + 1);
            }
        }
    }

    private byte[] besideName() {
        moved++;
        return (".removing-" + ProcessHandle.current().pid() + "-" + System.identityHashCode(this) + "-" + moved)
                .getBytes(StandardCharsets.US_ASCII);
    }
}
