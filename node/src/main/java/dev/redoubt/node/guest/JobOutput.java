package dev.redoubt.node.guest;

import java.nio.ByteBuffer;

/** A piece of what a job printed. Sequence numbers rise; gaps are frames that carry no output. */
public sealed interface JobOutput {
    /** To be acknowledged once nothing can lose this piece any more. */
    long seq();

    /** Bytes, read-only. A terminal has only {@link Source#OUT}. */
    record Chunk(long seq, Source source, ByteBuffer bytes) implements JobOutput {}

    /** So many bytes are missing here: the job is bounded and nobody acknowledged in time. */
    record Truncated(long seq, long bytes) implements JobOutput {}

    /** Standard output or standard error. */
    enum Source {
        OUT,
        ERR
    }
}
