package dev.redoubt.node.image;

import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobOutput;
import dev.redoubt.node.guest.OutputSink;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * What a job prints on its standard output, as a stream.
 *
 * <p>A piece is acknowledged when the next one is asked for: a reader that stops, stops the job, and at most 1 MiB is ever
 * kept here. For one reading thread.
 */
final class PrintedBytes extends InputStream implements OutputSink {
    /** A piece that stands for the end. */
    private record Piece(GuestJob job, long seq, ByteBuffer bytes, boolean last) {}

    private final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
    private ByteBuffer current = ByteBuffer.allocate(0);
    private boolean ended;

    /** After this job's end there is nothing more to read. To be called once. */
    void endsWith(GuestJob job) {
        job.exit().whenComplete((how, gone) -> pieces.add(new Piece(job, 0, ByteBuffer.allocate(0), true)));
    }

    @Override
    public void accept(GuestJob job, JobOutput output) {
        switch (output) {
            case JobOutput.Chunk(long seq, JobOutput.Source source, ByteBuffer bytes) -> {
                // Errors too, in their turn: to acknowledge one acknowledges all that came before it.
                ByteBuffer read = source == JobOutput.Source.OUT ? bytes : ByteBuffer.allocate(0);
                pieces.add(new Piece(job, seq, read, false));
            }
            // Only from a guest that lies: the job is not bounded. What comes out then has another digest, no more.
            case JobOutput.Truncated(long seq, long _) -> pieces.add(new Piece(job, seq, ByteBuffer.allocate(0), false));
        }
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        if (length == 0) {
            return 0;
        }
        while (!current.hasRemaining()) {
            if (ended) {
                return -1;
            }
            take();
        }
        int count = Math.min(length, current.remaining());
        current.get(into, offset, count);
        return count;
    }

    private void take() {
        try {
            Piece piece = pieces.take();
            ended = piece.last();
            current = piece.bytes();
            if (!ended) {
                piece.job().acknowledge(piece.seq());
            }
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Reason.UNPACK_FAILED, "interrupted", asked);
        }
    }
}
