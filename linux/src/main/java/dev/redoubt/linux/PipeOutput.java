package dev.redoubt.linux;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The end of a pipe that is written to. A reader that is gone is an IOException, as with every stream of Java.
 *
 * <p>Closing waits for a write that is under way, so that no buffer is freed and no number closed beneath it: end the
 * reader first.
 */
final class PipeOutput extends OutputStream {
    private static final long SYS_WRITE = 1;
    private static final int BUFFER = 65_536;

    private final Fd fd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(BUFFER);
    private boolean open = true;

    PipeOutput(Fd fd) {
        this.fd = fd;
    }

    @Override
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        if (!open) {
            throw new IOException("write to a pipe: closed");
        }
        int from = offset;
        int left = length;
        while (left > 0) {
            int piece = Math.min(left, BUFFER);
            MemorySegment.copy(bytes, from, buffer, ValueLayout.JAVA_BYTE, 0, piece);
            long written = Syscall.raw(SYS_WRITE, fd.number(), buffer.address(), piece);
            if (written < 0) {
                throw new IOException("write to a pipe: " + Errno.describe((int) -written));
            }
            from += (int) written;
            left -= (int) written;
        }
    }

    @Override
    public synchronized void close() {
        if (open) {
            open = false;
            arena.close();
            fd.close();
        }
    }
}
