package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Where the calls of one filter are asked about (seccomp_unotify(2)).
 *
 * <p>Readable when a call waits, hung up when nobody is left behind the filter. One thread receives; any may answer. An
 * answer does not let the kernel go on with the call itself, because what its pointers point to may have changed since we
 * looked; but for {@link #letPass}.
 */
public final class SeccompListener implements AutoCloseable {
    private static final long POLL = 7;
    private static final short POLLIN = 1;
    private static final long SECCOMP = 317;
    private static final long GET_NOTIF_SIZES = 3;
    private static final int MAGIC = '!';
    private static final int RESPONSE_BYTES = 24;
    private static final int DATA_BYTES = 64;
    private static final int ADDFD_BYTES = 24;
    private static final long RECEIVE = Ioctl.request(3, MAGIC, 0, NotifiedCall.BYTES);
    private static final long SEND = Ioctl.request(3, MAGIC, 1, RESPONSE_BYTES);
    private static final long ID_VALID = Ioctl.request(1, MAGIC, 2, Long.BYTES);
    private static final long ADD_FD = Ioctl.request(1, MAGIC, 3, ADDFD_BYTES);
    private static final long SET_FLAGS = Ioctl.request(1, MAGIC, 4, Long.BYTES);
    private static final long SYNC_WAKE_UP = 1;
    private static final int ADD_FD_AND_SEND = 2;
    private static final int CONTINUE = 1;

    private final Fd fd;

    private SeccompListener(Fd fd) {
        this.fd = fd;
    }

    /**
     * Takes over a listener. Who waits and who answers are woken on the same processor from now on: without that half of
     * the answers take eight times as long (measured).
     */
    public static SeccompListener adopt(Fd fd) {
        Ioctl.check("SECCOMP_IOCTL_NOTIF_SET_FLAGS", fd, SET_FLAGS, SYNC_WAKE_UP);
        return new SeccompListener(fd);
    }

    /**
     * Makes sure that this kernel's notifications have the shape that we know.
     *
     * @throws LinuxException EPROTONOSUPPORT when they have another one, EINVAL where there are none
     */
    public static void checkKernel() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocate(6, 2); // struct seccomp_notif_sizes
            Syscall.check("seccomp", "notification sizes", SECCOMP, GET_NOTIF_SIZES, 0, sizes.address());
            if (sizes.get(JAVA_SHORT, 0) != NotifiedCall.BYTES
                    || sizes.get(JAVA_SHORT, 2) != RESPONSE_BYTES
                    || sizes.get(JAVA_SHORT, 4) != DATA_BYTES) {
                throw new LinuxException("seccomp", Errno.EPROTONOSUPPORT, "notification sizes");
            }
        }
    }

    /** For an {@link Epoll}. */
    public Fd fd() {
        return fd;
    }

    /**
     * Receives a call. Only to be called when the listener is readable: else it waits.
     *
     * @return false when the caller was killed meanwhile, or nobody is left behind the filter
     */
    public boolean receive(NotifiedCall into) {
        into.clear();
        long result = Ioctl.raw(fd, RECEIVE, into.address());
        if (result == -Errno.ENOENT || result == -Errno.EINTR) {
            return false;
        }
        return done("SECCOMP_IOCTL_NOTIF_RECV", result);
    }

    /** Whether a call is there to be received. */
    public boolean hasCall() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4); // struct pollfd
            poll.set(JAVA_INT, 0, fd.number());
            poll.set(JAVA_SHORT, 4, POLLIN);
            Syscall.check("poll", fd.toString(), POLL, poll.address(), 1, 0);
            return (poll.get(JAVA_SHORT, 6) & POLLIN) != 0;
        }
    }

    /** Whether the call still waits: what was read or opened by its thread's number since it was received is its. */
    public boolean isWaiting(long id) {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    Ioctl.raw(fd, ID_VALID, arena.allocateFrom(JAVA_LONG, id).address());
            return !isOver(result) && done("SECCOMP_IOCTL_NOTIF_ID_VALID", result);
        }
    }

    /** The call returns {@code value}. @return false when nobody waits for it any more */
    public boolean answer(long id, long value) {
        return send(id, value, 0);
    }

    /** The call fails with a positive {@code errno}. @return false when nobody waits for it any more */
    public boolean refuse(long id, int errno) {
        if (errno <= 0) {
            throw new IllegalArgumentException("errno " + errno);
        }
        return send(id, 0, -errno);
    }

    /**
     * The kernel goes on with the call as if nobody had been asked. For a filter that asks about nothing but what it would
     * have let pass by the same registers, to learn what a program calls; nowhere else, because what pointers point to can
     * have changed since anybody looked (seccomp_unotify(2)).
     *
     * @return false when nobody waits for it any more
     */
    public boolean letPass(long id) {
        return send(id, 0, 0, CONTINUE);
    }

    private boolean send(long id, long value, int error) {
        return send(id, value, error, 0);
    }

    private boolean send(long id, long value, int error, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment response = arena.allocate(RESPONSE_BYTES, 8); // struct seccomp_notif_resp
            response.set(JAVA_LONG, 0, id);
            response.set(JAVA_LONG, 8, value);
            response.set(JAVA_INT, 16, error);
            response.set(JAVA_INT, 20, flags);
            long result = Ioctl.raw(fd, SEND, response.address());
            return !isOver(result) && done("SECCOMP_IOCTL_NOTIF_SEND", result);
        }
    }

    /**
     * Gives the caller an open file, and its number as the answer, in one step.
     *
     * @param closeOnExec whether the caller's descriptor is closed when it executes another program
     * @return false when nobody waits for it any more
     * @throws LinuxException EMFILE when the caller may have no more; then the call still waits
     */
    public boolean install(long id, Fd file, boolean closeOnExec) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment add = arena.allocate(ADDFD_BYTES, 8); // struct seccomp_notif_addfd
            add.set(JAVA_LONG, 0, id);
            add.set(JAVA_INT, 8, ADD_FD_AND_SEND);
            add.set(JAVA_INT, 12, file.number());
            add.set(JAVA_INT, 20, closeOnExec ? LinuxFiles.O_CLOEXEC : 0);
            long result = Ioctl.raw(fd, ADD_FD, add.address());
            return !isOver(result) && done("SECCOMP_IOCTL_NOTIF_ADDFD", result);
        }
    }

    /** Its thread was killed, or it has an answer already. */
    private static boolean isOver(long result) {
        return result == -Errno.ENOENT || result == -Errno.EINPROGRESS;
    }

    private boolean done(String request, long result) {
        if (result < 0) {
            throw new LinuxException(request, (int) -result, fd.toString());
        }
        return true;
    }

    @Override
    public void close() {
        fd.close();
    }
}
