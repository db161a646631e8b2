package dev.redoubt.node.disk;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.EntryStatus;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.protocol.InsidePath;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a sandbox has written to its root file system: the upper directory of its overlay, on its disk (the kernel's
 * Documentation/filesystems/overlayfs.rst). To be read when nothing should write there any more.
 */
public final class UpperLayer {
    /** Where the spawner has it (native/sandbox.c). */
    private static final String NAME = "u";

    private static final int DEEPEST = 64;
    /** Not there, or no directory there; a symbolic link in the image leads nowhere here. */
    private static final Set<Integer> ABSENT = Set.of(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EXDEV);

    private final Path directory;
    private final List<Path> layers;
    /** What building the sandbox made there: points to mount on. */
    private final Set<String> before = new HashSet<>();

    /**
     * From now on, what is new is the sandbox's.
     *
     * @param layers of the image
     */
    public UpperLayer(Disk disk, List<Path> layers) {
        this.directory = disk.directory().path().resolve(NAME);
        this.layers = List.copyOf(layers);
        var _ = new Walk(before).all();
    }

    /**
     * The directories of the image in which something was written, made or removed.
     *
     * @return empty when they cannot be told: a name that is no text, a tree deeper than 64 levels, or one that still changes
     */
    public Optional<SortedSet<InsidePath>> written() {
        Walk walk = new Walk(new HashSet<>());
        return walk.all() ? Optional.of(walk.written) : Optional.empty();
    }

    private static boolean isDirectory(Directory at, byte[] name) {
        return at.status(name)
                .map(EntryStatus::type)
                .filter(EntryStatus.Type.DIRECTORY::equals)
                .isPresent();
    }

    private boolean isOfTheImage(String path) {
        return layers.stream().anyMatch(layer -> has(layer, path.getBytes(StandardCharsets.UTF_8)));
    }

    private static boolean has(Path layer, byte[] path) {
        try (Directory root = Directory.open(layer);
                Directory _ = root.child(path)) {
            return true;
        } catch (LinuxException refused) {
            if (ABSENT.contains(refused.errno())) {
                return false;
            }
            throw refused;
        }
    }

    private final class Walk {
        private final Set<String> seen;
        private final SortedSet<InsidePath> written = new TreeSet<>();
        private boolean clear = true;

        Walk(Set<String> seen) {
            this.seen = seen;
        }

        /** @return whether all of it could be told */
        boolean all() {
            try (Directory root = Directory.open(directory)) {
                down(root, "/", 0);
                return clear;
            } catch (LinuxException changed) { // what a job left running removes something at this moment
                return false;
            }
        }

        private void down(Directory at, String path, int depth) {
            List<byte[]> names = at.names();
            if (names.isEmpty()) { // copied up for its own sake, or for what is gone again
                note(path, path);
            }
            for (byte[] name : names) {
                String below = (path.equals("/") ? "" : path) + "/" + new String(name, StandardCharsets.UTF_8);
                if (below.indexOf('\ufffd') >= 0 || depth == DEEPEST) {
                    clear = false;
                } else if (isDirectory(at, name) && isOfTheImage(below.substring(1))) {
                    try (Directory child = at.child(name)) {
                        down(child, below, depth + 1);
                    }
                } else {
                    note(below, path);
                }
            }
        }

        private void note(String path, String in) {
            seen.add(path);
            if (!before.contains(path)) {
                written.add(new InsidePath(in));
            }
        }
    }
}
