package dev.redoubt.node.image;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** An archive as it comes in: counted, its delays not charged to the sandboxes, its failure remembered. */
final class Source extends FilterInputStream {
    private final Patience patience;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicReference<@Nullable IOException> failure = new AtomicReference<>();

    Source(InputStream in, Patience patience) {
        super(in);
        this.patience = patience;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        patience.sourceBegins();
        try {
            int count = super.read(into, offset, length);
            bytes.addAndGet(Math.max(0, count));
            return count;
        } catch (IOException failed) {
            failure.set(failed);
            throw failed;
        } finally {
            patience.sourceDelivered();
        }
    }

    long bytes() {
        return bytes.get();
    }

    /** @throws IOException why it could not be read, if it could not */
    void check() throws IOException {
        IOException failed = failure.get();
        if (failed != null) {
            throw failed;
        }
    }
}
