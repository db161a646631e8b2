package dev.redoubt.node.image.unpack;

import dev.redoubt.node.image.unpack.TarEntry.Piece;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Reads a tar archive entry by entry: ustar, GNU and pax, sparse files, names and attributes byte by byte.
 *
 * <p>Our own because the libraries decode pax values as UTF-8, which changes names that are not, and because every
 * length here is bounded before it is believed.
 */
final class TarReader {
    private final Blocks blocks;
    private final Pax global = new Pax();

    TarReader(InputStream in) {
        this.blocks = new Blocks(in);
    }

    /**
     * The next entry; its data can be read by {@link #read} until the next call.
     *
     * @return empty at the end of the archive, when the whole stream has been read
     */
    Optional<TarEntry> next() throws IOException, Refused {
        Pax pax = global.copy();
        for (int headers = 0; headers < 8; headers++) {
            byte[] block = blocks.next();
            if (isEnd(block)) {
                blocks.drain();
                return Optional.empty();
            }
            Header header = Header.of(block);
            switch (header.type()) {
                case 'x' -> pax.add(extension(header));
                case 'g' -> {
                    global.addGlobal(extension(header));
                    pax = global.copy();
                }
                case 'L' -> pax.put("path", untilNul(extension(header)));
                case 'K' -> pax.put("linkpath", untilNul(extension(header)));
                default -> {
                    return Optional.of(entry(header, block, pax));
                }
            }
        }
        throw new Refused(Refusal.BAD_HEADER, "");
    }

    void read(byte[] buffer, int length, String entry) throws IOException, Refused {
        blocks.read(buffer, length, entry);
    }

    /** Two zero blocks end an archive; like others we also take one, or the end of the stream in their place. */
    private static boolean isEnd(byte[] block) throws Refused {
        if (block.length > 0 && block.length < Blocks.SIZE) {
            throw new Refused(Refusal.TRUNCATED, "");
        }
        return Header.isZero(block);
    }

    private byte[] extension(Header header) throws IOException, Refused {
        if (header.size() > Limits.HEADER) {
            throw new Refused(Refusal.BAD_HEADER, "");
        }
        blocks.beginData(header.size());
        return blocks.readAll("");
    }

    private TarEntry entry(Header header, byte[] block, Pax pax) throws IOException, Refused {
        String path = pax.text("GNU.sparse.name").or(() -> pax.text("path")).orElse(header.path());
        TarEntry.Type type = type(header, path);
        long data = hasData(type, header) ? pax.number("size", header.size()) : 0;
        Content content = content(header, block, pax, data, path);
        return new TarEntry(
                type,
                path,
                pax.text("linkpath").orElse(header.link()),
                header.mode(),
                pax.number("uid", header.uid()),
                pax.number("gid", header.gid()),
                content.size(),
                pax.time(header.seconds()),
                content.pieces(),
                pax.attributes());
    }

    private record Content(long size, List<Piece> pieces) {}

    private Content content(Header header, byte[] block, Pax pax, long data, String path) throws IOException, Refused {
        if (header.type() == 'S') {
            List<Piece> pieces = Sparse.oldGnu(header, block, blocks);
            blocks.beginData(data);
            return content(pieces, header.number(483, 12), path);
        }
        blocks.beginData(data);
        if (pax.text("GNU.sparse.major").equals(Optional.of("1"))) {
            List<Piece> pieces = Sparse.fromData(blocks, path);
            return content(pieces, pax.number("GNU.sparse.realsize", 0), path);
        }
        if (pax.text("GNU.sparse.size").isPresent()) {
            return content(Sparse.pairs(pax.sparseNumbers()), pax.number("GNU.sparse.size", 0), path);
        }
        return new Content(data, data == 0 ? List.of() : List.of(new Piece(0, data)));
    }

    private Content content(List<Piece> pieces, long size, String path) throws Refused {
        return new Content(size, Sparse.checked(pieces, size, blocks.dataLeft(), path));
    }

    /** Old writers mark a directory by the slash at the end of its name only. */
    private static TarEntry.Type type(Header header, String path) throws Refused {
        return switch (header.type()) {
            case '\0', '0', '7' -> path.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
            case 'S' -> TarEntry.Type.FILE;
            case '1' -> TarEntry.Type.HARD_LINK;
            case '2' -> TarEntry.Type.SYMLINK;
            case '3', '4' -> TarEntry.Type.DEVICE;
            case '5' -> TarEntry.Type.DIRECTORY;
            case '6' -> TarEntry.Type.FIFO;
            default -> throw new Refused(Refusal.UNKNOWN_TYPE, path);
        };
    }

    /** Links and directories have none, whatever their size field says (some writers put the target's size there). */
    private static boolean hasData(TarEntry.Type type, Header header) {
        return type == TarEntry.Type.FILE || (type == TarEntry.Type.DIRECTORY && header.type() != '5');
    }

    private static String untilNul(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
    }
}
