package dev.redoubt.node.image.unpack;

import dev.redoubt.linux.FileTime;
import java.util.List;
import java.util.Map;

/**
 * One member of an archive, as the archive says it.
 *
 * <p>Strings that come from the archive are byte strings: every character is one byte (ISO 8859-1). Names in archives
 * and on Linux are bytes without a character set, so nothing else keeps them as they are.
 *
 * @param link target of a symbolic or hard link, else empty
 * @param size of the file as it will be, holes included
 * @param pieces where the bytes in the archive go in the file, in order; one piece for a file without holes
 * @param attributes extended attributes, all that the archive has
 */
record TarEntry(
        Type type,
        String path,
        String link,
        int mode,
        long uid,
        long gid,
        long size,
        FileTime time,
        List<Piece> pieces,
        Map<String, String> attributes) {

    enum Type {
        FILE,
        DIRECTORY,
        SYMLINK,
        HARD_LINK,
        FIFO,
        DEVICE
    }

    /** A run of data in a file with holes. */
    record Piece(long offset, long length) {}

    TarEntry {
        pieces = List.copyOf(pieces);
        attributes = Map.copyOf(attributes);
    }
}
