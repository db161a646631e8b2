package dev.redoubt.node.guest;

import dev.redoubt.linux.Errno;

/**
 * A job cannot be resumed: the guest does not know it (its end was acknowledged, or the sandbox is another), or output
 * after the given sequence number was acknowledged already and is gone.
 */
public final class ResumeRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    ResumeRefusedException(int job, int errno, String message) {
        super("job " + job + ": " + message + ", " + Errno.describe(errno));
        this.errno = errno;
    }

    /** ESRCH when it is unknown, EINVAL when the sequence number does not fit. */
    public int errno() {
        return errno;
    }
}
