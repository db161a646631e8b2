package dev.redoubt.node.guest;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A sink that keeps what a job prints in memory, up to a limit, and acknowledges at once: for small answers.
 *
 * <p>What is over the limit is dropped and counted.
 */
public final class CollectedOutput implements OutputSink {
    private final int limit;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private long dropped;

    /** @param limit most bytes of each of the two streams */
    public CollectedOutput(int limit) {
        this.limit = limit;
    }

    @Override
    public synchronized void accept(GuestJob job, JobOutput output) {
        switch (output) {
            case JobOutput.Chunk(long seq, JobOutput.Source source, ByteBuffer bytes) ->
                keep(source == JobOutput.Source.OUT ? out : err, bytes);
            case JobOutput.Truncated(long seq, long bytes) -> dropped += bytes;
        }
        job.acknowledge(output.seq());
    }

    private void keep(ByteArrayOutputStream stream, ByteBuffer bytes) {
        byte[] kept = new byte[Math.min(bytes.remaining(), limit - stream.size())];
        bytes.get(kept);
        stream.writeBytes(kept);
        dropped += bytes.remaining();
    }

    public synchronized byte[] out() {
        return out.toByteArray();
    }

    /** What it printed, as UTF-8. */
    public synchronized String text() {
        return out.toString(StandardCharsets.UTF_8);
    }

    /** What it complained about, as UTF-8. */
    public synchronized String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }

    /** Bytes of both streams that are missing. */
    public synchronized long dropped() {
        return dropped;
    }
}
