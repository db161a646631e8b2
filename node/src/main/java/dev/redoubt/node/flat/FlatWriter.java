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
        bytes.set(SHORT, room(2), (short) value);
        return this;
    }

    public FlatWriter u32(int value) {
        bytes.set(INT, room(4), value);
        return this;
    }

    public FlatWriter u64(long value) {
        bytes.set(LONG, room(8), value);
        return this;
    }

    public FlatWriter raw(byte[] value) {
        MemorySegment.copy(value, 0, bytes, ValueLayout.JAVA_BYTE, room(value.length), value.length);
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
        bytes.set(ValueLayout.JAVA_BYTE, room(1), (byte) 0);
        return this;
    }

    public MemorySegment message() {
        return bytes.asSlice(0, length);
    }

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
