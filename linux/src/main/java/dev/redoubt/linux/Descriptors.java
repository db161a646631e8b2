package dev.redoubt.linux;

import java.lang.foreign.Arena;

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

    private static final long SYS_CLOSE = 3;
    private static final long SYS_OPENAT = 257;

    private Descriptors() {}

    /** Closes; an error of close(2) tells nothing that can be mended, the descriptor is gone either way. */
    public static void close(int fd) {
        var ignored = Syscall.raw(SYS_CLOSE, fd, 0, 0, 0, 0, 0);
        assert ignored <= 0;
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
