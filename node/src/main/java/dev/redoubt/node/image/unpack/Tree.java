package dev.redoubt.node.image.unpack;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.EntryStatus;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.FileTime;
import dev.redoubt.linux.LinuxException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directories of the layer that is being written: finds the parent of an entry, makes the ones that the archive
 * left out, and remembers the times to be set at the end (each new name would change them again).
 */
final class Tree implements AutoCloseable {
    static final String OPAQUE = "user.overlay.opaque";
    private static final byte[] YES = {'y'};

    private final Directory root;
    private final Map<String, FileTime> times = new LinkedHashMap<>();
    private final Set<String> implicit = new LinkedHashSet<>();
    private long made;
    /** Archives go directory by directory, so the last parent is nearly always the next one. */
    private @Nullable Directory lastParent;

    private String lastPath = "";

    Tree(Directory root) {
        this.root = root;
    }

    /** The open directory in which {@code path} has its name. Belongs to this tree, valid until the next call. */
    Directory parentOf(EntryPath path) throws Refused {
        EntryPath parent = path.parent();
        if (lastParent == null || !lastPath.equals(parent.text())) {
            Directory opened = open(parent, path.text());
            close();
            lastParent = opened;
            lastPath = parent.text();
        }
        return lastParent;
    }

    private Directory open(EntryPath directory, String entry) throws Refused {
        try {
            return root.child(directory.bytes());
        } catch (LinuxException refused) {
            return switch (refused.errno()) {
                case Errno.ENOENT, Errno.ENOTDIR -> openMaking(directory, entry);
                case Errno.ELOOP -> throw new Refused(Refusal.THROUGH_SYMLINK, entry);
                default -> throw refused;
            };
        }
    }

    /** Walks down name by name and makes what is missing. */
    private Directory openMaking(EntryPath path, String entry) throws Refused {
        Directory at = root.again();
        List<String> walked = new ArrayList<>();
        for (String component : path.components()) {
            walked.add(component);
            Directory next = step(at, component, String.join("/", walked), entry);
            at.close();
            at = next;
        }
        return at;
    }

    private Directory step(Directory at, String component, String walked, String entry) throws Refused {
        byte[] name = component.getBytes(StandardCharsets.ISO_8859_1);
        EntryStatus.@Nullable Type there =
                at.status(name).map(EntryStatus::type).orElse(null);
        if (there == null || there == EntryStatus.Type.WHITEOUT) {
            makeDirectory(at, name, there == EntryStatus.Type.WHITEOUT);
            Directory directory = at.child(name);
            directory.mode(0755);
            times.put(walked, FileTime.EPOCH);
            implicit.add(walked);
            made++;
            return directory;
        }
        return switch (there) {
            case DIRECTORY -> at.child(name);
            case SYMLINK -> throw new Refused(Refusal.THROUGH_SYMLINK, entry);
            default -> throw new Refused(Refusal.THROUGH_FILE, entry);
        };
    }

    /** A directory in the place of a whiteout hides what the layers below have under that name: it is opaque. */
    static void makeDirectory(Directory parent, byte[] name, boolean instead) {
        if (instead) {
            parent.removeFile(name);
        }
        parent.makeDirectory(name);
        if (instead) {
            try (Directory made = parent.child(name)) {
                made.attribute(OPAQUE, YES);
            }
        }
    }

    static void makeOpaque(Directory directory) {
        directory.attribute(OPAQUE, YES);
    }

    /** The archive itself describes this directory: now or later, its parents may have been made before. */
    void described(EntryPath path, FileTime time) {
        times.put(path.text(), time);
        implicit.remove(path.text());
    }

    /** The directory has been removed again. */
    void forget(EntryPath path) {
        times.remove(path.text());
        implicit.remove(path.text());
    }

    Directory root() {
        return root;
    }

    /** How many directories were made without an entry: one entry can ask for as many as its path is deep. */
    long made() {
        return made;
    }

    /** Directories that no entry described, and that got mode 0755 of root for that reason. */
    List<String> implicit() {
        return List.copyOf(implicit);
    }

    /** Sets the times of all directories; nothing may be written afterwards. */
    void finish() throws Refused {
        for (Map.Entry<String, FileTime> entry : times.entrySet()) {
            try (Directory directory = open(EntryPath.of(entry.getKey().isEmpty() ? "." : entry.getKey()), "")) {
                directory.times(entry.getValue());
            }
        }
    }

    @Override
    public void close() {
        if (lastParent != null) {
            lastParent.close();
            lastParent = null;
        }
    }
}
