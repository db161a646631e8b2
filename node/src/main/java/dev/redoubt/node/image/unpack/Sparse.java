package dev.redoubt.node.image.unpack;

import dev.redoubt.node.image.unpack.TarEntry.Piece;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The four ways in which GNU tar writes files with holes ("Storing Sparse Files" in its manual), checked. */
final class Sparse {
    private static final int DIGITS = 20;

    private Sparse() {}

    /** The oldest: four pieces in the header, 21 more in each block that follows it. */
    static List<Piece> oldGnu(Header header, byte[] block, Blocks blocks) throws IOException, Refused {
        List<Piece> pieces = new ArrayList<>();
        collect(header, 386, 4, pieces);
        boolean more = block[482] != 0;
        while (more) {
            byte[] next = blocks.next();
            if (next.length < Blocks.SIZE) {
                throw new Refused(Refusal.TRUNCATED, header.path());
            }
            collect(Header.unchecked(next), 0, 21, pieces);
            more = next[504] != 0;
        }
        return pieces;
    }

    private static void collect(Header header, int at, int count, List<Piece> pieces) throws Refused {
        for (int from = at; from < at + count * 24; from += 24) {
            if (header.isEmpty(from)) {
                return;
            }
            add(pieces, header.number(from, 12), header.number(from + 12, 12));
        }
    }

    /** Formats 0.0 and 0.1: offsets and lengths in turn. */
    static List<Piece> pairs(List<String> numbers) throws Refused {
        List<Piece> pieces = new ArrayList<>();
        boolean none = numbers.size() == 1 && numbers.getFirst().isEmpty();
        if (!none && numbers.size() % 2 != 0) {
            throw new Refused(Refusal.SPARSE, "");
        }
        for (int at = 0; at + 1 < numbers.size(); at += 2) {
            add(pieces, Pax.decimal(numbers.get(at)), Pax.decimal(numbers.get(at + 1)));
        }
        return pieces;
    }

    /** Format 1.0: lines of decimal numbers before the data, the count first, padded to whole blocks. */
    static List<Piece> fromData(Blocks blocks, String entry) throws IOException, Refused {
        Lines lines = new Lines(blocks, entry);
        long count = lines.next();
        List<Piece> pieces = new ArrayList<>();
        for (long left = count; left > 0; left--) {
            add(pieces, lines.next(), lines.next());
        }
        return pieces;
    }

    /** Pieces must be in order, apart, inside the file, and together as long as the data. */
    static List<Piece> checked(List<Piece> pieces, long size, long data, String entry) throws Refused {
        long end = 0;
        long sum = 0;
        for (Piece piece : pieces) {
            if (piece.offset() < end || piece.length() > size - piece.offset()) {
                throw new Refused(Refusal.SPARSE, entry);
            }
            end = piece.offset() + piece.length();
            sum += piece.length();
        }
        if (sum != data) {
            throw new Refused(Refusal.SPARSE, entry);
        }
        return pieces;
    }

    private static void add(List<Piece> pieces, long offset, long length) throws Refused {
        if (pieces.size() == Limits.SPARSE_PIECES) {
            throw new Refused(Refusal.SPARSE, "");
        }
        pieces.add(new Piece(offset, length));
    }

    /** Numbers, one a line, read from the data block by block. */
    private static final class Lines {
        private final Blocks blocks;
        private final String entry;
        private final byte[] block = new byte[Blocks.SIZE];
        private int at = Blocks.SIZE;

        Lines(Blocks blocks, String entry) {
            this.blocks = blocks;
            this.entry = entry;
        }

        long next() throws IOException, Refused {
            StringBuilder digits = new StringBuilder();
            for (char c = character(); c != '\n'; c = character()) {
                digits.append(c);
                if (digits.length() > DIGITS) {
                    throw new Refused(Refusal.SPARSE, entry);
                }
            }
            return Pax.decimal(digits.toString());
        }

        private char character() throws IOException, Refused {
            if (at == block.length) {
                blocks.read(block, block.length, entry);
                at = 0;
            }
            char c = (char) Byte.toUnsignedInt(block[at]);
            at++;
            return c;
        }
    }
}
