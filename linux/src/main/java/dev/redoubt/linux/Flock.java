package dev.redoubt.linux;

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
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;

    private final Fd fd;

    private Flock(Fd fd) {
        this.fd = fd;
    }

    /** @return the lock, or empty while another holds it in a way that excludes this one; makes the file if need be */
    public static Optional<Flock> tryExclusive(Path file) {
        return tryLock(file, LOCK_EX);
    }

    /** @return the lock, or empty while another holds the exclusive one; makes the file if need be */
    public static Optional<Flock> tryShared(Path file) {
        return tryLock(file, LOCK_SH);
    }

    private static Optional<Flock> tryLock(Path file, int kind) {
        Fd fd = LinuxFiles.open(file.toString(), LinuxFiles.O_RDWR | LinuxFiles.O_CREAT | LinuxFiles.O_NOFOLLOW, 0600);
        long answer = Syscall.raw(SYS_FLOCK, fd.number(), kind | LOCK_NB);
        if (answer == 0) {
            return Optional.of(new Flock(fd));
        }
        fd.close();
        if (answer == -Errno.EAGAIN || answer == -Errno.EINTR) {
            return Optional.empty();
        }
        throw new LinuxException("flock", (int) -answer, file.toString());
    }

    /** Whether {@code file} still is the file that is locked: its holder may have removed it while others waited. */
    public boolean isOf(Path file) {
        byte[] path = file.toString().getBytes(StandardCharsets.UTF_8);
        EntryStatus locked =
                FdCalls.status(fd.number(), new byte[0], file.toString()).orElseThrow();
        Optional<EntryStatus> named = FdCalls.status(FdCalls.AT_FDCWD, path, file.toString());
        return named.isPresent()
                && named.get().inode() == locked.inode()
                && named.get().device() == locked.device();
    }

    @Override
    public void close() {
        fd.close();
    }
}
