package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * An advisory lock on a file, flock(2): it belongs to the open file, so it also excludes threads of one process (unlike
 * fcntl locks, which {@code FileChannel.lock} uses and which any close of the file in the process drops).
 *
 * <p>Never waits in the kernel, where it would hold the thread that carries a virtual one.
 */
public final class Flock implements AutoCloseable {
    private static final long SYS_FLOCK = 73;
    private static final long SYS_OPENAT = 257;
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int O_RDWR_CREAT_CLOEXEC_NOFOLLOW = 2 | 0100 | 02000000 | 0400000;

    private final int fd;

    private Flock(int fd) {
        this.fd = fd;
    }

    /** @return the lock, or empty while another holds it in a way that excludes this one */
    public static Optional<Flock> tryExclusive(Path file) {
        return tryLock(file, LOCK_EX);
    }

    /** @return the lock, or empty while another holds the exclusive one */
    public static Optional<Flock> tryShared(Path file) {
        return tryLock(file, LOCK_SH);
    }

    private static Optional<Flock> tryLock(Path file, int kind) {
        int fd = open(file);
        long answer = Syscall.raw(SYS_FLOCK, fd, kind | LOCK_NB);
        if (answer == 0) {
            return Optional.of(new Flock(fd));
        }
        FdCalls.close(fd);
        if (answer == -Errno.EAGAIN || answer == -Errno.EINTR) {
            return Optional.empty();
        }
        throw new LinuxException("flock", (int) -answer, file.toString());
    }

    private static int open(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = Syscall.path(arena, file.toString());
            return (int) Syscall.check(
                    "openat",
                    file.toString(),
                    SYS_OPENAT,
                    FdCalls.AT_FDCWD,
                    path.address(),
                    O_RDWR_CREAT_CLOEXEC_NOFOLLOW,
                    0600);
        }
    }

    /** Whether {@code file} still is the file that is locked: its holder may have removed it while others waited. */
    public boolean isOf(Path file) {
        byte[] path = file.toString().getBytes(StandardCharsets.UTF_8);
        EntryStatus locked = FdCalls.status(fd, new byte[0], file.toString()).orElseThrow();
        Optional<EntryStatus> named = FdCalls.status(FdCalls.AT_FDCWD, path, file.toString());
        return named.isPresent()
                && named.get().inode() == locked.inode()
                && named.get().device() == locked.device();
    }

    @Override
    public void close() {
        FdCalls.close(fd);
    }
}
