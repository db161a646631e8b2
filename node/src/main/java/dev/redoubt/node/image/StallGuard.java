package dev.redoubt.node.image;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** A body that is closed from outside when nothing comes for too long: the HTTP client itself waits for ever. */
final class StallGuard extends FilterInputStream {
    private final Duration patience;
    private final Thread watch;
    private volatile long last = System.nanoTime();
    private volatile boolean closed;

    StallGuard(InputStream body, Duration patience) {
        super(body);
        this.patience = patience;
        this.watch = Thread.ofPlatform().daemon().name("stall guard").start(this::watch);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int got = in.read(target, offset, length);
        last = System.nanoTime();
        return got;
    }

    private void watch() {
        try {
            while (!closed && System.nanoTime() - last < patience.toNanos()) {
                Thread.sleep(patience.dividedBy(10));
            }
            if (!closed) {
                in.close();
            }
        } catch (InterruptedException | IOException over) {
            // Closed, by us or by somebody else: what we are here for.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        watch.interrupt();
        super.close();
    }
}
