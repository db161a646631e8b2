package dev.redoubt.protocol;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What becomes of the files of the image.
 *
 * @param readOnlyRoot whether nothing may be written but to the tmpfs mounts, the volumes and what a path below says
 * @param paths what is different from that, path by path
 * @param patterns names that nothing can open; every open then goes by the broker
 */
public record FileRules(boolean readOnlyRoot, SortedMap<InsidePath, Access> paths, PathPatterns patterns) {
    /** What may be done with a path and all beneath it. */
    public enum Access {
        READ_ONLY,
        WRITABLE,
        /** Not even seen: an empty file or directory stands there. */
        HIDDEN;

        /** As in {@code filesystem} of a profile. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace("_", "");
        }
    }

    /** A writable root without exceptions. */
    public static final FileRules OPEN = new FileRules(false, Collections.emptySortedMap(), PathPatterns.NONE);

    private static final int MOST_PATHS = 32;

    public FileRules {
        paths = Collections.unmodifiableSortedMap(new TreeMap<>(paths));
        Objects.requireNonNull(patterns, "patterns");
        if (paths.size() > MOST_PATHS) {
            throw new IllegalArgumentException(paths.size() + " paths; at most " + MOST_PATHS);
        }
    }

    /** The same with a root that is read-only. */
    public FileRules withReadOnlyRoot() {
        return new FileRules(true, paths, patterns);
    }

    /** A read-only root in which only these paths, and what is beneath them, can be written. */
    public FileRules writableOnlyIn(SortedSet<InsidePath> writable) {
        SortedMap<InsidePath, Access> all = new TreeMap<>(paths);
        writable.forEach(path -> all.put(path, Access.WRITABLE));
        return new FileRules(true, all, patterns);
    }

    /** The same with other names that nothing can open. */
    public FileRules withPatterns(PathPatterns others) {
        return new FileRules(readOnlyRoot, paths, others);
    }

    /** The paths of one kind. */
    public SortedSet<InsidePath> with(Access access) {
        return paths.entrySet().stream()
                .filter(entry -> entry.getValue() == access)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
