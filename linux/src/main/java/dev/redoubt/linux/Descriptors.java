package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What can be done with an open file descriptor whatever it stands for (close(2), fcntl(2), open(2)). */
public final class Descriptors {
    /** Not an error number of the kernel's, but its sign for "relative to the current directory". */
    public static final int AT_FDCWD = -100;

    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_DIRECTORY = 0x10000;
    public static final int O_NOFOLLOW = 0x20000;
    public static final int O_CLOEXEC = 0x80000;
    public static final int O_PATH = 0x200000;

    private static final long SYS_READ = 0;
    private static final long SYS_CLOSE = 3;
    private static final long SYS_OPENAT = 257;

    private Descriptors() {}

    /** Closes; an error of close(2) tells nothing that can be mended, the descriptor is gone either way. */
    public static void close(int fd) {
        var ignored = Syscall.raw(SYS_CLOSE, fd, 0, 0, 0, 0, 0);
        assert ignored <= 0;
    }

    /**
     * Reads what there is.
     *
     * @return bytes read, 0 at the end, -1 when a non-blocking descriptor has none now
     * @throws LinuxException ECONNRESET and the rest of read(2)
     */
    public static int read(int fd, byte[] into) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(into.length);
            long count = Syscall.raw(SYS_READ, fd, buffer.address(), into.length, 0, 0, 0);
            if (count == -Errno.EAGAIN) {
                return -1;
            }
            if (count < 0) {
                throw new LinuxException("read", (int) -count, "descriptor " + fd);
            }
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, into, 0, (int) count);
            return (int) count;
        }
    }

    /**
     * Opens a path.
     *
     * @throws LinuxException ENOENT, EACCES and the rest of open(2)
     */
    public static int open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) Syscall.check(
                    "openat",
                    path,
                    SYS_OPENAT,
                    AT_FDCWD,
                    Syscall.path(arena, path).address(),
                    flags | O_CLOEXEC,
                    0);
        }
    }
}
