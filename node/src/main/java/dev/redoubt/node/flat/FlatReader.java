package dev.redoubt.node.flat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads what {@link FlatWriter} wrote; every length is checked against what is left. */
public final class FlatReader {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment bytes;
    private long at;

    /** A reader of one whole message. */
    public FlatReader(MemorySegment bytes) {
        this.bytes = bytes;
    }

    /** A message that is not what it should be; nothing of it was obeyed. */
    public static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** Says what was wrong at which byte. */
        public Malformed(String what, long at) {
            super("malformed message: " + what + " at byte " + at);
        }
    }

    public int u16() {
        return Short.toUnsignedInt(bytes.get(SHORT, take(2)));
    }

    public int u32() {
        return bytes.get(INT, take(4));
    }

    public long u64() {
        return bytes.get(LONG, take(8));
    }

    /** A count of things that follow, at most {@code most}. */
    public int count(int most) {
        int value = u32();
        if (value < 0 || value > most) {
            throw new Malformed("a count of " + Integer.toUnsignedString(value) + ", at most " + most, at);
        }
        return value;
    }

    public byte[] blob() {
        int length = u32();
        if (length < 0) {
            throw new Malformed("a length past the end", at);
        }
        return bytes.asSlice(take(length), length).toArray(ValueLayout.JAVA_BYTE);
    }

    public String string() {
        byte[] text = blob();
        if (text.length == 0 || text[text.length - 1] != 0) {
            throw new Malformed("a string without its NUL", at);
        }
        return new String(text, 0, text.length - 1, StandardCharsets.UTF_8);
    }

    /** Whether something is left to read. */
    public boolean hasMore() {
        return at < bytes.byteSize();
    }

    /** To be called last: a byte too many is as wrong as one too few. */
    public void end() {
        if (at != bytes.byteSize()) {
            throw new Malformed((bytes.byteSize() - at) + " bytes too many", at);
        }
    }

    private long take(long length) {
        if (length > bytes.byteSize() - at) {
            throw new Malformed("a length past the end", at);
        }
        long here = at;
        at += length;
        return here;
    }
}
