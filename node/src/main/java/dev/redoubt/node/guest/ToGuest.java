package dev.redoubt.node.guest;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Frames from node to guest. */
sealed interface ToGuest {
    ByteBuffer EMPTY = ByteBuffer.allocate(0);

    /** A piece of a run request. */
    record Run(int job, ByteBuffer piece, boolean more) implements ToGuest {}

    /** A piece of a job's input; an empty one ends it. */
    record Stdin(int job, long offset, ByteBuffer piece) implements ToGuest {}

    record Signal(int job, int number, boolean session) implements ToGuest {}

    record Resize(int job, TerminalSize size) implements ToGuest {}

    record Ack(int job, long seq) implements ToGuest {}

    record Resume(int job, long seq) implements ToGuest {}

    record ListJobs(long token) implements ToGuest {}

    record Close(int job) implements ToGuest {}

    record Ping(long token) implements ToGuest {}

    /** The whole frame, in memory as long as it. */
    default MemorySegment encode(Arena into) {
        return switch (this) {
            case Run(int job, ByteBuffer piece, boolean more) ->
                Frame.write(into, Frame.RUN, flag(more), job, 0, piece);
            case Stdin(int job, long offset, ByteBuffer piece) ->
                Frame.write(into, Frame.STDIN, flag(!piece.hasRemaining()), job, offset, piece);
            case Signal(int job, int number, boolean session) ->
                Frame.write(into, Frame.SIGNAL, flag(session), job, 0, four().putInt(0, number));
            case Resize(int job, TerminalSize size) -> Frame.write(into, Frame.RESIZE, 0, job, 0, size(size));
            case Ack(int job, long seq) -> Frame.write(into, Frame.ACK, 0, job, seq, EMPTY);
            case Resume(int job, long seq) -> Frame.write(into, Frame.RESUME, 0, job, seq, EMPTY);
            case ListJobs(long token) -> Frame.write(into, Frame.LIST, 0, 0, token, EMPTY);
            case Close(int job) -> Frame.write(into, Frame.CLOSE, 0, job, 0, EMPTY);
            case Ping(long token) -> Frame.write(into, Frame.PING, 0, 0, token, EMPTY);
        };
    }

    private static int flag(boolean set) {
        return set ? 1 : 0;
    }

    private static ByteBuffer four() {
        return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer size(TerminalSize size) {
        return four().putShort(0, (short) size.rows()).putShort(2, (short) size.columns());
    }
}
