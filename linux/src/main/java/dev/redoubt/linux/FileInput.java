package dev.redoubt.linux;

import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A file open for reading, opened by {@link Directory#openFile}: a stream that no path leads to. */
public final class FileInput extends InputStream {
    private static final long SYS_READ = 0;
    private static final int BUFFER = 65_536;

    private final Fd fd;
    private final String subject;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(BUFFER);
    private boolean open = true;

    FileInput(Fd fd, String subject) {
        this.fd = fd;
        this.subject = subject;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        if (length == 0) {
            return 0;
        }
        int wanted = Math.min(length, BUFFER);
        int got = (int) Syscall.check("read", subject, SYS_READ, fd.number(), buffer.address(), wanted);
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, target, offset, got);
        return got == 0 ? -1 : got;
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            arena.close();
            fd.close();
        }
    }
}
