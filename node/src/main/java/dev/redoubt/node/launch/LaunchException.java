package dev.redoubt.node.launch;

import dev.redoubt.linux.Errno;

/** A sandbox could not be built; nothing of it is left. Names the step, so that {@code doctor} can say how to mend it. */
public final class LaunchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Step step;
    private final int errno;

    /** The failure of {@code step} with a positive {@code errno}. */
    public LaunchException(Step step, int errno) {
        super("sandbox not started: " + step.words() + ": " + Errno.describe(errno));
        this.step = step;
        this.errno = errno;
    }

    public Step step() {
        return step;
    }

    public int errno() {
        return errno;
    }
}
