package dev.redoubt.node.guest;

import dev.redoubt.linux.Fd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Frames from node to guest. */
sealed interface ToGuest {
    ByteBuffer EMPTY = ByteBuffer.allocate(0);

    int[] NONE = {};

    /** A piece of a run request. */
    record Run(int job, ByteBuffer piece, boolean more) implements ToGuest {}

    /**
     * A whole run request with the job's streams: what it reads, what it writes. Ours are closed when the guest has its own,
     * or never will.
     */
    record RunLent(int job, ByteBuffer request, Fd input, Fd output) implements ToGuest {}

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
            case RunLent(int job, ByteBuffer request, Fd _, Fd _) -> Frame.write(into, Frame.RUN, 0, job, 0, request);
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

    /** What is sent with the frame. */
    default int[] descriptors() {
        return this instanceof RunLent(int _, ByteBuffer _, Fd input, Fd output)
                ? new int[] {input.number(), output.number()}
                : NONE;
    }

    /** The frame has been sent, or nobody is left to send it to. */
    default void done() {
        if (this instanceof RunLent(int _, ByteBuffer _, Fd input, Fd output)) {
            input.close();
            output.close();
        }
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
