package dev.redoubt.linux;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Removes a tree that a stranger may have written: no link followed, no depth that ends in an error.
 *
 * <p>A path can be deeper than any path name may be long, and one descriptor is held per level. So what lies deeper
 * than {@link #DEPTH} levels is moved up beside the tree and removed from there afterwards.
 */
public final class TreeRemoval {
    private static final int DEPTH = 64;

    private final Directory top;
    private final Deque<byte[]> moved = new ArrayDeque<>();
    private long count;

    private TreeRemoval(Directory top) {
        this.top = top;
    }

    /** Removes {@code name} from {@code parent}, whatever it is; a name that is not there is no error. */
    public static void remove(Directory parent, byte[] name) {
        if (parent.status(name).isEmpty()) {
            return;
        }
        TreeRemoval removal = new TreeRemoval(parent);
        removal.removeName(parent, name, 0);
        while (!removal.moved.isEmpty()) {
            removal.removeName(parent, removal.moved.remove(), 0);
        }
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
            moved.add(beside);
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
        count++;
        return (".removing-" + ProcessHandle.current().pid() + "-" + System.identityHashCode(this) + "-" + count)
                .getBytes(StandardCharsets.US_ASCII);
    }
}
