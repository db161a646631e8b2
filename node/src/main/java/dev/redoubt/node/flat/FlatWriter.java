package dev.redoubt.node.flat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes the flat binary form of native/PROTOCOL.md: little-endian, no padding, strings with their length and their NUL. */
public final class FlatWriter {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Arena arena;
    private MemorySegment bytes;
    private long length;

    /** A writer whose message lives as long as {@code arena}. */
    public FlatWriter(Arena arena) {
        this.arena = arena;
        this.bytes = arena.allocate(16 * 1024);
    }

    public FlatWriter u16(int value) {
        long at = room(2);
        bytes.set(SHORT, at, (short) value);
        return this;
    }

    public FlatWriter u32(int value) {
        long at = room(4);
        bytes.set(INT, at, value);
        return this;
    }

    public FlatWriter u64(long value) {
        long at = room(8);
        bytes.set(LONG, at, value);
        return this;
    }

    public FlatWriter raw(byte[] value) {
        long at = room(value.length);
        MemorySegment.copy(value, 0, bytes, ValueLayout.JAVA_BYTE, at, value.length);
        return this;
    }

    public FlatWriter blob(byte[] value) {
        return u32(value.length).raw(value);
    }

    public FlatWriter string(String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a string with a NUL cannot be given to the kernel");
        }
        u32(text.length + 1).raw(text);
        long at = room(1);
        bytes.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
        return this;
    }

    public MemorySegment message() {
        return bytes.asSlice(0, length);
    }

    /** Where there is room for so many bytes more; it may be in another segment than before. */
    private long room(long more) {
        long at = length;
        length += more;
        if (length > bytes.byteSize()) {
            MemorySegment larger = arena.allocate(Math.max(length, 2 * bytes.byteSize()));
            larger.copyFrom(bytes);
            bytes = larger;
        }
        return at;
    }
}
