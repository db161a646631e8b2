package dev.redoubt.node.walls;

import dev.redoubt.node.launch.LaunchSpec.Cover;
import dev.redoubt.node.launch.LaunchSpec.Mask;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.FileRules.Access;
import dev.redoubt.protocol.InsidePath;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * The mounts that hold a profile's rules for files: whatever the call, the path and the user, the kernel asks the mount.
 *
 * <p>What is read-only must also stay where it is: whoever may rename {@code /srv} could put another {@code /srv/app} in the
 * place of a read-only one. A mount point can be neither renamed nor removed (rename(2), EBUSY), so every directory above it
 * becomes one. What is hidden needs none of that: it stays hidden wherever it is moved to.
 */
public final class FileWalls {
    private FileWalls() {}

    /**
     * In the order in which they must be placed: first every mount, those above before those beneath, all as writable as
     * they are; then what is read-only becomes so. The other way round one mount would have to be made writable again, and
     * that could be one of the host's.
     */
    public static List<Mask> masks(FileRules files) {
        SortedSet<InsidePath> readOnly = files.with(Access.READ_ONLY);
        SortedMap<InsidePath, Mask> mounts = new TreeMap<>();
        for (InsidePath path : readOnly) {
            path.above().stream()
                    .filter(above -> isWritable(above, files))
                    .forEach(above -> mounts.put(above, mask(above, Cover.PINNED)));
        }
        files.paths()
                .forEach((path, access) ->
                        mounts.put(path, mask(path, access == Access.HIDDEN ? Cover.HIDDEN : Cover.PINNED)));
        List<Mask> masks = new ArrayList<>(mounts.values());
        readOnly.forEach(path -> masks.add(mask(path, Cover.FROZEN)));
        return List.copyOf(masks);
    }

    /** What the nearest rule says, or the root's where there is none. */
    private static boolean isWritable(InsidePath path, FileRules files) {
        return files.paths().entrySet().stream()
                .filter(rule -> rule.getKey().covers(path))
                .reduce((_, nearer) -> nearer) // what covers the same path is in the order of its length
                .map(rule -> rule.getValue() == Access.WRITABLE)
                .orElse(!files.readOnlyRoot());
    }

    /** What Landlock may let be written in a read-only root. */
    public static List<String> writable(FileRules files) {
        SortedSet<InsidePath> writable = files.with(Access.WRITABLE);
        List<String> paths = new ArrayList<>();
        writable.forEach(path -> paths.add(path.text()));
        return List.copyOf(paths);
    }

    private static Mask mask(InsidePath path, Cover cover) {
        return new Mask(path.text(), cover, cover == Cover.HIDDEN);
    }
}
