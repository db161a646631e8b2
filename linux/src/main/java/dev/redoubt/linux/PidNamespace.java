package dev.redoubt.linux;

import java.util.Optional;
import java.util.OptionalInt;

/** A pid namespace, and what processes are called in it (pid_namespaces(7), ioctl_nsfs(2)). */
public final class PidNamespace implements AutoCloseable {
    private static final int NSIO = 0xb7;
    private static final int PIDFS = 0xff;
    private static final long GET_PID_FROM = Ioctl.request(2, NSIO, 6, Integer.BYTES);
    private static final long GET_TGID_IN = Ioctl.request(2, NSIO, 9, Integer.BYTES);
    private static final long PIDFD_GET_PID_NAMESPACE = Ioctl.request(0, PIDFS, 5, 0);

    private final Fd fd;

    private PidNamespace(Fd fd) {
        this.fd = fd;
    }

    /** The namespace in which a process lives; empty when it has ended. */
    public static Optional<PidNamespace> of(Fd pidfd) {
        long result = Ioctl.raw(pidfd, PIDFD_GET_PID_NAMESPACE, 0);
        if (result == -Errno.ESRCH) {
            return Optional.empty();
        }
        if (result < 0) {
            throw new LinuxException("PIDFD_GET_PID_NAMESPACE", (int) -result, pidfd.toString());
        }
        return Optional.of(new PidNamespace(Fd.owned(result)));
    }

    /** The process of a thread of ours, as the namespace numbers it; empty when it has no number there. */
    public OptionalInt processInside(int thread) {
        return number(GET_TGID_IN, thread);
    }

    /** Our number of the namespace's process 1; empty when that has ended. */
    public OptionalInt init() {
        return outside(1);
    }

    /** Our number of the process that the namespace calls {@code inside}; empty when it has none of that number. */
    public OptionalInt outside(int inside) {
        return number(GET_PID_FROM, inside);
    }

    private OptionalInt number(long request, int pid) {
        long result = Ioctl.raw(fd, request, pid);
        if (result == -Errno.ESRCH || result == 0) {
            return OptionalInt.empty();
        }
        if (result < 0) {
            throw new LinuxException("ioctl_nsfs", (int) -result, "pid " + pid);
        }
        return OptionalInt.of((int) result);
    }

    @Override
    public void close() {
        fd.close();
    }
}
