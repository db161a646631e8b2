package dev.redoubt.node.guest;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Numbers and layout of frames, as native/frame.h has them. */
final class Frame {
    static final int HEADER = 24;
    static final int PAYLOAD = 65_536;

    static final int RUN = 1;
    static final int STDIN = 2;
    static final int SIGNAL = 3;
    static final int RESIZE = 4;
    static final int ACK = 5;
    static final int RESUME = 6;
    static final int LIST = 7;
    static final int CLOSE = 8;
    static final int PING = 9;

    static final int READY = 65;
    static final int STARTED = 66;
    static final int STDOUT = 67;
    static final int STDERR = 68;
    static final int TRUNCATED = 69;
    static final int EXIT = 70;
    static final int WINDOW = 71;
    static final int RESUMED = 72;
    static final int JOBS = 73;
    static final int PONG = 74;
    static final int REFUSED = 75;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Frame() {}

    static MemorySegment write(Arena arena, int type, int flags, int job, long seq, ByteBuffer payload) {
        int length = payload.remaining();
        MemorySegment into = arena.allocate(HEADER + length, 8);
        into.set(SHORT, 0, (short) type);
        into.set(SHORT, 2, (short) flags);
        into.set(INT, 4, job);
        into.set(LONG, 8, seq);
        into.set(INT, 16, length);
        into.set(INT, 20, 0);
        MemorySegment.copy(MemorySegment.ofBuffer(payload), 0, into, HEADER, length);
        return into;
    }
}
