package dev.redoubt.linux;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An open file descriptor with one owner.
 *
 * <p>A number alone can be closed twice, and the second close hits whatever the kernel gave that number to in between
 * (close(2), "dealing with error returns"). Here the second close does nothing, and use after close is an error of
 * ours and not an access to a stranger's file.
 */
public final class Fd implements AutoCloseable {
    private static final long CLOSE = 3;
    private static final long FCNTL = 72;
    private static final int F_DUPFD_CLOEXEC = 1030;

    private final int number;
    private final AtomicBoolean open = new AtomicBoolean(true);

    private Fd(int number) {
        this.number = number;
    }

    /** Takes ownership of a number that the kernel just gave out. */
    public static Fd owned(long number) {
        if (number < 0 || number > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("not a descriptor: " + number);
        }
        return new Fd((int) number);
    }

    /** The number, for a system call made before {@link #close}. */
    public int number() {
        if (!open.get()) {
            throw new IllegalStateException("descriptor " + number + " was closed");
        }
        return number;
    }

    /** Gives the number away: whoever takes it closes it, and this object is closed. */
    public int handOver() {
        int given = number();
        open.set(false);
        return given;
    }

    /** The same open descriptor under a new owner; this object is closed. */
    public Fd moved() {
        return owned(handOver());
    }

    /** A path to the open file, whatever mount namespace or name it has (proc_pid_fd(5)). */
    public Path path() {
        return Path.of("/proc/self/fd/" + number());
    }

    /** A second descriptor of the same open file, closed on exec. */
    public Fd duplicate() {
        return owned(Syscall.check("fcntl", toString(), FCNTL, number(), F_DUPFD_CLOEXEC, 0));
    }

    /** Linux frees the number even when close(2) reports an error, so there is nothing to try again. */
    @Override
    public void close() {
        if (open.compareAndSet(true, false)) {
            Syscall.raw(CLOSE, number);
        }
    }

    @Override
    public String toString() {
        return "fd " + number;
    }
}
