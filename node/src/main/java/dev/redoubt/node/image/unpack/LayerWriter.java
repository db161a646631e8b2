package dev.redoubt.node.image.unpack;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.EntryStatus;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.OpenFile;
import dev.redoubt.node.image.unpack.TarEntry.Piece;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes the entries of one layer archive below a directory, as overlayfs wants a layer: whiteouts are character devices
 * 0:0, opaque directories carry {@code user.overlay.opaque} (overlays are mounted with {@code userxattr}).
 *
 * <p>Archives mean what the OCI image specification ("Image Layer Filesystem Changeset") says: {@code .wh.NAME} deletes
 * NAME of the layers below, {@code .wh..wh..opq} everything in its directory below. An entry replaces an earlier one of
 * the same name.
 */
public final class LayerWriter {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final int MAX_ID = 65_535;
    private static final int BUFFER = 65_536;

    private final Tree tree;
    private final Limits limits;
    private final byte[] buffer = new byte[BUFFER];
    private long entries;
    private long bytes;

    private LayerWriter(Tree tree, Limits limits) {
        this.tree = tree;
        this.limits = limits;
    }

    /** Reads the archive to its end and says how it went; what was written before a refusal stays there. */
    public static Report write(InputStream archive, Directory target, Limits limits) throws IOException {
        try (Tree tree = new Tree(target)) {
            return new LayerWriter(tree, limits).writeAll(new TarReader(archive));
        } catch (Refused refused) {
            return new Report.Refused(refused.refusal(), refused.entry());
        } catch (LinuxException failed) {
            return new Report.Failed(failed.call(), failed.errno());
        }
    }

    private Report writeAll(TarReader reader) throws IOException, Refused {
        for (Optional<TarEntry> entry = reader.next(); entry.isPresent(); entry = reader.next()) {
            count(entry.get());
            write(entry.get(), reader);
        }
        tree.finish();
        return new Report.Done(entries, bytes, tree.implicit());
    }

    private void count(TarEntry entry) throws Refused {
        entries++;
        if (entries + tree.made() > limits.entries()) {
            throw new Refused(Refusal.TOO_MANY_ENTRIES, entry.path());
        }
        if (entry.size() > limits.bytes() - bytes) {
            throw new Refused(Refusal.TOO_BIG, entry.path());
        }
        bytes += entry.size();
    }

    private void write(TarEntry entry, TarReader reader) throws IOException, Refused {
        EntryPath path = EntryPath.of(entry.path());
        refuseWhiteoutParents(path);
        if (path.isRoot()) {
            writeRoot(entry);
        } else if (path.name().startsWith(WHITEOUT)) {
            writeWhiteout(entry, path);
        } else {
            writeNamed(entry, path, reader);
        }
    }

    private static void refuseWhiteoutParents(EntryPath path) throws Refused {
        for (String component :
                path.components().subList(0, Math.max(0, path.components().size() - 1))) {
            if (component.startsWith(WHITEOUT)) {
                throw new Refused(Refusal.WHITEOUT, path.text());
            }
        }
    }

    private void writeRoot(TarEntry entry) throws Refused {
        if (entry.type() != TarEntry.Type.DIRECTORY) {
            throw new Refused(Refusal.BAD_NAME, entry.path());
        }
        describe(tree.root(), entry);
        tree.described(EntryPath.of("."), entry.time());
    }

    /** By its name alone: some writers make whiteouts hard links of each other. */
    private void writeWhiteout(TarEntry entry, EntryPath path) throws Refused {
        if (entry.type() != TarEntry.Type.FILE && entry.type() != TarEntry.Type.HARD_LINK) {
            throw new Refused(Refusal.WHITEOUT, entry.path());
        }
        Directory parent = tree.parentOf(path);
        if (path.name().equals(OPAQUE)) {
            Tree.makeOpaque(parent);
            return;
        }
        String name = path.name().substring(WHITEOUT.length());
        if (name.isEmpty() || name.equals(".") || name.equals("..") || name.startsWith(WHITEOUT)) {
            throw new Refused(Refusal.WHITEOUT, entry.path());
        }
        hide(parent, bytes(name));
    }

    /** A whiteout speaks of the layers below only: what this layer has itself stays, a directory becomes opaque. */
    private static void hide(Directory parent, byte[] name) {
        EntryStatus.@Nullable Type there = typeOf(parent, name);
        if (there == null) {
            parent.makeWhiteout(name);
        } else if (there == EntryStatus.Type.DIRECTORY) {
            try (Directory directory = parent.child(name)) {
                Tree.makeOpaque(directory);
            }
        }
    }

    private void writeNamed(TarEntry entry, EntryPath path, TarReader reader) throws IOException, Refused {
        Directory parent = tree.parentOf(path);
        byte[] name = bytes(path.name());
        if (entry.type() == TarEntry.Type.DIRECTORY) {
            writeDirectory(entry, path, parent, name);
            return;
        }
        if (entry.type() == TarEntry.Type.HARD_LINK) {
            writeHardLink(entry, path);
            return;
        }
        makeRoom(parent, name, path);
        switch (entry.type()) {
            case FILE -> writeFile(entry, parent, name, reader);
            case SYMLINK -> writeSymlink(entry, parent, name);
            case FIFO -> writeFifo(entry, parent, name);
            default -> throw new Refused(Refusal.DEVICE, entry.path());
        }
    }

    /** Removes what an earlier entry made under this name; a directory only if it is empty. */
    private void makeRoom(Directory parent, byte[] name, EntryPath path) throws Refused {
        EntryStatus.@Nullable Type there = typeOf(parent, name);
        if (there == EntryStatus.Type.DIRECTORY) {
            removeEmpty(parent, name, path.text());
            tree.forget(path);
        } else if (there != null) {
            parent.removeFile(name);
        }
    }

    private static void removeEmpty(Directory parent, byte[] name, String entry) throws Refused {
        try {
            parent.removeEmptyDirectory(name);
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOTEMPTY) {
                throw new Refused(Refusal.DUPLICATE, entry);
            }
            throw refused;
        }
    }

    private void writeDirectory(TarEntry entry, EntryPath path, Directory parent, byte[] name) throws Refused {
        EntryStatus.@Nullable Type there = typeOf(parent, name);
        if (there != EntryStatus.Type.DIRECTORY) {
            boolean hidden = there == EntryStatus.Type.WHITEOUT;
            if (there != null && !hidden) {
                parent.removeFile(name);
            }
            Tree.makeDirectory(parent, name, hidden);
        }
        try (Directory directory = parent.child(name)) {
            describe(directory, entry);
        }
        tree.described(path, entry.time());
    }

    private static void describe(Directory directory, TarEntry entry) throws Refused {
        directory.owner(id(entry.uid(), entry), id(entry.gid(), entry));
        directory.mode(entry.mode());
        entry.attributes().forEach((key, value) -> {
            if (isKept(key)) {
                directory.attribute(key, bytes(value));
            }
        });
    }

    private void writeFile(TarEntry entry, Directory parent, byte[] name, TarReader reader)
            throws IOException, Refused {
        int uid = id(entry.uid(), entry);
        int gid = id(entry.gid(), entry);
        try (OpenFile file = parent.createFile(name)) {
            for (Piece piece : entry.pieces()) {
                copy(piece, file, reader, entry.path());
            }
            file.length(entry.size());
            file.owner(uid, gid);
            // After the owner: chown(2) takes set-user-ID bits away.
            file.mode(entry.mode());
            entry.attributes().forEach((key, value) -> {
                if (isKept(key)) {
                    file.attribute(key, bytes(value));
                }
            });
            file.times(entry.time());
        }
    }

    private void copy(Piece piece, OpenFile file, TarReader reader, String entry) throws IOException, Refused {
        file.seek(piece.offset());
        long left = piece.length();
        while (left > 0) {
            int length = (int) Math.min(left, BUFFER);
            reader.read(buffer, length, entry);
            file.write(buffer, 0, length);
            left -= length;
        }
    }

    private static void writeSymlink(TarEntry entry, Directory parent, byte[] name) throws Refused {
        if (entry.link().isEmpty()
                || entry.link().length() > Limits.PATH
                || entry.link().indexOf('\0') >= 0) {
            throw new Refused(Refusal.BAD_NAME, entry.path());
        }
        parent.makeSymlink(name, bytes(entry.link()));
        parent.owner(name, id(entry.uid(), entry), id(entry.gid(), entry));
        parent.times(name, entry.time());
    }

    private static void writeFifo(TarEntry entry, Directory parent, byte[] name) throws Refused {
        parent.makeFifo(name, entry.mode() & 0777);
        parent.owner(name, id(entry.uid(), entry), id(entry.gid(), entry));
        parent.times(name, entry.time());
    }

    /** The target is a name in the archive, not a path on this machine; it must be a file that is there already. */
    private void writeHardLink(TarEntry entry, EntryPath path) throws Refused {
        EntryPath target = linkTarget(entry);
        if (target.components().equals(path.components())) {
            throw new Refused(Refusal.HARD_LINK, entry.path());
        }
        byte[] name = bytes(path.name());
        try (Directory from = existingParent(target, entry);
                Directory parent = tree.parentOf(path).again()) {
            EntryStatus.@Nullable Type type = typeOf(from, bytes(target.name()));
            boolean linkable = type == EntryStatus.Type.REGULAR
                    || type == EntryStatus.Type.SYMLINK
                    || type == EntryStatus.Type.FIFO;
            if (!linkable) {
                throw new Refused(Refusal.HARD_LINK, entry.path());
            }
            makeRoom(parent, name, path);
            parent.link(from, bytes(target.name()), name);
        }
    }

    private static EntryPath linkTarget(TarEntry entry) throws Refused {
        try {
            EntryPath target = EntryPath.of(entry.link());
            if (!target.isRoot() && target.components().stream().noneMatch(c -> c.startsWith(WHITEOUT))) {
                return target;
            }
        } catch (Refused inTarget) {
            throw new Refused(Refusal.HARD_LINK, entry.path());
        }
        throw new Refused(Refusal.HARD_LINK, entry.path());
    }

    private Directory existingParent(EntryPath target, TarEntry entry) throws Refused {
        try {
            return tree.root().child(target.parent().bytes());
        } catch (LinuxException refused) {
            switch (refused.errno()) {
                case Errno.ELOOP -> throw new Refused(Refusal.THROUGH_SYMLINK, entry.path());
                case Errno.ENOENT, Errno.ENOTDIR -> throw new Refused(Refusal.HARD_LINK, entry.path());
                default -> throw refused;
            }
        }
    }

    private static EntryStatus.@Nullable Type typeOf(Directory parent, byte[] name) {
        return parent.status(name).map(EntryStatus::type).orElse(null);
    }

    private static int id(long id, TarEntry entry) throws Refused {
        if (id > MAX_ID) {
            throw new Refused(Refusal.ID_RANGE, entry.path());
        }
        return (int) id;
    }

    /**
     * Only what users may set themselves. {@code security.*} would give capabilities or labels, {@code trusted.*} and
     * {@code user.overlay.*} are overlayfs' own: with them an archive could point anywhere in the layers below.
     */
    private static boolean isKept(String attribute) {
        boolean valid = attribute.length() <= Limits.NAME && attribute.indexOf('\0') < 0;
        return valid && attribute.startsWith("user.") && !attribute.startsWith("user.overlay.");
    }

    private static byte[] bytes(String byteString) {
        return byteString.getBytes(StandardCharsets.ISO_8859_1);
    }
}
