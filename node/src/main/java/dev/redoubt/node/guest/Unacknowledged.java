package dev.redoubt.node.guest;

import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Counts the output of one job that was delivered and not acknowledged.
 *
 * <p>An honest guest stops at its limit. One that was taken over might not, and would fill our memory by way of a sink
 * that trusts the limit.
 */
final class Unacknowledged {
    /** native/frame.h, OUTPUT_LIMIT; every frame counts its bytes and {@link #FRAME}. */
    private static final long LIMIT = 1024 * 1024;

    private static final int FRAME = 64;
    /** STARTED, TRUNCATED and EXIT are kept beyond the limit. */
    private static final int SLACK = 16 * FRAME;

    private final Queue<Entry> entries = new ArrayDeque<>();
    private long bytes;

    private record Entry(long seq, int size) {}

    synchronized void add(long seq, int size) {
        entries.add(new Entry(seq, size + FRAME));
        bytes += size + FRAME;
        if (bytes > LIMIT + SLACK) {
            throw new GuestMisbehavedException(bytes + " bytes without acknowledgement, at most " + LIMIT);
        }
    }

    synchronized boolean isMuch() {
        return bytes > LIMIT / 8;
    }

    synchronized void remove(long seq) {
        for (Entry first = entries.peek(); first != null && first.seq() <= seq; first = entries.peek()) {
            bytes -= first.size();
            entries.remove();
        }
    }
}
