package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** Non-blocking TCP sockets as bare descriptors, to be handed to another process (tcp(7), connect(2)). */
public final class InetSocket {
    private static final long SYS_POLL = 7;
    private static final long SYS_SOCKET = 41;
    private static final long SYS_CONNECT = 42;
    private static final long SYS_GETSOCKOPT = 55;
    private static final long AF_INET = 2;
    private static final long SOCK_STREAM = 1;
    private static final long SOCK_NONBLOCK = 0x800;
    private static final long SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_ERROR = 4;
    private static final short POLLOUT = 4;

    private InetSocket() {}

    /** A new non-blocking, close-on-exec IPv4 TCP socket in the calling thread's network namespace. */
    public static int open() {
        return (int)
                Syscall.check("socket", "AF_INET", SYS_SOCKET, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }

    /**
     * Begins to connect to a port of 127.0.0.1 of the namespace in which the socket was made.
     *
     * @return true when connected already; false when the answer is still to come ({@link #awaitConnected})
     * @throws LinuxException ECONNREFUSED when nobody listens
     */
    public static boolean connectLoopback(int socket, int port) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(16);
            address.set(JAVA_SHORT, 0, (short) AF_INET);
            address.set(JAVA_BYTE, 2, (byte) (port >> 8));
            address.set(JAVA_BYTE, 3, (byte) port);
            address.set(JAVA_BYTE, 4, (byte) 127);
            address.set(JAVA_BYTE, 7, (byte) 1);
            long result = Syscall.raw(SYS_CONNECT, socket, address.address(), 16, 0, 0, 0);
            if (result == -Errno.EINPROGRESS || result == -Errno.EINTR) {
                return false;
            }
            if (result < 0) {
                throw new LinuxException("connect", (int) -result, "port " + port);
            }
            return true;
        }
    }

    /**
     * Waits for a connection begun by {@link #connectLoopback}.
     *
     * @throws LinuxException ETIMEDOUT after {@code limit}, or the error the connection ended with
     */
    public static void awaitConnected(int socket, int port, Duration limit) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4);
            poll.set(JAVA_INT, 0, socket);
            poll.set(JAVA_SHORT, 4, POLLOUT);
            if (Syscall.check("poll", "port " + port, SYS_POLL, poll.address(), 1, limit.toMillis()) == 0) {
                throw new LinuxException("connect", Errno.ETIMEDOUT, "port " + port);
            }
            MemorySegment error = arena.allocate(JAVA_INT);
            MemorySegment length = arena.allocate(JAVA_INT);
            length.set(JAVA_INT, 0, 4);
            Syscall.check(
                    "getsockopt",
                    "SO_ERROR",
                    SYS_GETSOCKOPT,
                    socket,
                    SOL_SOCKET,
                    SO_ERROR,
                    error.address(),
                    length.address());
            if (error.get(JAVA_INT, 0) != 0) {
                throw new LinuxException("connect", error.get(JAVA_INT, 0), "port " + port);
            }
        }
    }
}
