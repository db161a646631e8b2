package dev.redoubt.linux;

/**
 * A system call said no.
 *
 * <p>Carries the three things a reader needs: which call, on what, and the kernel's errno.
 */
public final class LinuxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;
    private final String subject;

    /** A refusal of {@code call} on {@code subject} with a positive {@code errno}. */
    public LinuxException(String call, int errno, String subject) {
        super(call + " " + subject + ": " + Errno.describe(errno));
        this.call = call;
        this.errno = errno;
        this.subject = subject;
    }

    public String call() {
        return call;
    }

    /** Positive errno, one of the constants in {@link Errno}. */
    public int errno() {
        return errno;
    }

    public String subject() {
        return subject;
    }
}
