package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** A process by descriptor: unlike a number it can never come to mean another process (pidfd_open(2)). */
public final class Pidfd implements AutoCloseable {
    public static final int SIGKILL = 9;
    public static final int SIGTERM = 15;

    private static final long POLL = 7;
    private static final long PIDFD_SEND_SIGNAL = 424;
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_GETFD = 438;
    private static final int PIDFD_THREAD = 0x80; // O_EXCL
    private static final short POLLIN = 1;

    private final Fd fd;

    private Pidfd(Fd fd) {
        this.fd = fd;
    }

    /** @return empty when there is no such process */
    public static Optional<Pidfd> open(int pid) {
        long result = Syscall.raw(PIDFD_OPEN, pid, 0);
        if (result == -Errno.ESRCH) {
            return Optional.empty();
        }
        if (result < 0) {
            throw new LinuxException("pidfd_open", (int) -result, "pid " + pid);
        }
        return Optional.of(new Pidfd(Fd.owned(result)));
    }

    /**
     * A number that this thread, process or not, has had and will have alone until the machine is started again: that of
     * its inode (pidfd_open(2), since Linux 6.9).
     *
     * @throws LinuxException ESRCH when there is no such thread
     */
    public static long identity(int thread) {
        try (Fd of = Fd.owned(Syscall.check("pidfd_open", "thread " + thread, PIDFD_OPEN, thread, PIDFD_THREAD))) {
            return LinuxFiles.status(of).inode();
        }
    }

    /**
     * A duplicate of a descriptor of another process (pidfd_getfd(2)): the same open file, not the same name opened again.
     *
     * @throws LinuxException ESRCH when it has ended, EBADF when it has no such descriptor, EPERM where nobody may look into
     *     others (Yama's ptrace_scope 3)
     */
    public static Fd descriptorOf(Fd pidfd, int number) {
        return Fd.owned(Syscall.check("pidfd_getfd", "descriptor " + number, PIDFD_GETFD, pidfd.number(), number, 0));
    }

    /** Our number of the process that a descriptor names; empty when it has ended (pidfd_open(2), fdinfo). */
    public static OptionalInt number(Fd pidfd) {
        return LinuxFiles.readOnce("/proc/self/fdinfo/" + pidfd.number())
                .lines()
                .filter(line -> line.startsWith("Pid:"))
                .mapToInt(line -> Integer.parseInt(line.substring(4).strip()))
                .filter(pid -> pid > 0)
                .findFirst();
    }

    /** @return false when the process has ended already */
    public boolean signal(int signal) {
        long result = Syscall.raw(PIDFD_SEND_SIGNAL, fd.number(), signal, 0, 0);
        if (result < 0 && result != -Errno.ESRCH) {
            throw new LinuxException("pidfd_send_signal", (int) -result, fd.toString());
        }
        return result == 0;
    }

    /** Waits until the process has ended. Blocks the carrier: platform threads only. @return false when time ran out */
    public boolean awaitEnd(Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4); // struct pollfd
            poll.set(JAVA_INT, 0, fd.number());
            poll.set(JAVA_SHORT, 4, POLLIN);
            while (true) {
                long left = Math.max(0, deadline - System.nanoTime());
                long result = Syscall.raw(POLL, poll.address(), 1, Math.ceilDiv(left, 1_000_000L));
                if (result > 0) {
                    return true;
                }
                if (result < 0 && result != -Errno.EINTR) {
                    throw new LinuxException("poll", (int) -result, fd.toString());
                }
                if (left == 0) {
                    return false;
                }
            }
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
