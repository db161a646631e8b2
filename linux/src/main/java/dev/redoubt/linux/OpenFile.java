package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A regular file open for writing, made by {@link Directory#createFile}. Not for use by several threads. */
public final class OpenFile implements AutoCloseable {
    private static final long SYS_WRITE = 1;
    private static final long SYS_LSEEK = 8;
    private static final long SYS_FTRUNCATE = 77;
    private static final int BUFFER = 65_536;

    private final Fd fd;
    private final String subject;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = arena.allocate(BUFFER);

    OpenFile(Fd fd, String subject) {
        this.fd = fd;
        this.subject = subject;
    }

    /** Writes all of it, in as many calls as the kernel wants. */
    public void write(byte[] bytes, int offset, int length) {
        int from = offset;
        int left = length;
        while (left > 0) {
            int piece = Math.min(left, BUFFER);
            MemorySegment.copy(bytes, from, buffer, ValueLayout.JAVA_BYTE, 0, piece);
            long written = Syscall.check("write", subject, SYS_WRITE, fd.number(), buffer.address(), piece);
            from += (int) written;
            left -= (int) written;
        }
    }

    /** Where the next write goes; a place beyond the end leaves a hole, lseek(2). */
    public void seek(long position) {
        Syscall.check("lseek", subject, SYS_LSEEK, fd.number(), position, 0);
    }

    public void length(long size) {
        Syscall.check("ftruncate", subject, SYS_FTRUNCATE, fd.number(), size);
    }

    public void owner(int uid, int gid) {
        FdCalls.owner(fd.number(), subject, uid, gid);
    }

    public void mode(int mode) {
        FdCalls.mode(fd.number(), subject, mode);
    }

    public void attribute(String name, byte[] value) {
        FdCalls.attribute(fd.number(), subject, name, value);
    }

    public void times(FileTime time) {
        FdCalls.times(fd.number(), new byte[0], subject, time);
    }

    @Override
    public void close() {
        arena.close();
        fd.close();
    }
}
