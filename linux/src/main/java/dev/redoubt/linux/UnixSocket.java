package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An AF_UNIX SOCK_SEQPACKET socket that carries descriptors (unix(7), SCM_RIGHTS).
 *
 * <p>One thread may send and another receive at the same time; two senders or two receivers need a lock of their own. The
 * native buffers for headers are allocated once per socket.
 */
public final class UnixSocket implements AutoCloseable {
    /** Most descriptors in one message; the kernel's own limit is 253 (SCM_MAX_FD). */
    public static final int MOST_DESCRIPTORS = 128;

    private static final long SYS_SOCKET = 41;
    private static final long SYS_CONNECT = 42;
    private static final long SYS_SENDMSG = 46;
    private static final long SYS_RECVMSG = 47;
    private static final long SYS_SHUTDOWN = 48;
    private static final long SYS_SOCKETPAIR = 53;
    private static final long SYS_SETSOCKOPT = 54;
    private static final long AF_UNIX = 1;
    private static final long SOCK_SEQPACKET = 5;
    private static final long SOCK_CLOEXEC = 0x80000;
    private static final long MSG_NOSIGNAL = 0x4000;
    private static final long MSG_DONTWAIT = 0x40;
    private static final long MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int MSG_TRUNC = 0x20;
    private static final int MSG_CTRUNC = 0x8;
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SCM_RIGHTS = 1;
    private static final long CONTROL_SIZE = 16 + 4L * MOST_DESCRIPTORS;

    private final int fd;
    /** Of the collector: closing a shared one stops every thread for a moment, once for each sandbox that ends. */
    private final Arena arena = Arena.ofAuto();

    private final Header out = new Header(arena);
    private final Header in = new Header(arena);

    private UnixSocket(int fd) {
        this.fd = fd;
    }

    /** One received message: its length and the descriptors that came with it (close-on-exec, the caller's to close). */
    public static final class Received {
        private final int length;
        private final int[] descriptors;

        Received(int length, int[] descriptors) {
            this.length = length;
            this.descriptors = descriptors;
        }

        /** Bytes received; 0 when the peer is gone. */
        public int length() {
            return length;
        }

        public int[] descriptors() {
            return descriptors.clone();
        }

        /** Closes all of them: for a message that should have brought none. */
        public void closeDescriptors() {
            Arrays.stream(descriptors).forEach(Descriptors::close);
        }
    }

    /** Takes over an open descriptor; {@link #close} closes it. */
    public static UnixSocket adopt(int fd) {
        return new UnixSocket(fd);
    }

    /**
     * Connects to a listening SEQPACKET socket.
     *
     * @throws LinuxException ENOENT or ECONNREFUSED when nobody listens, EACCES without the right
     */
    public static UnixSocket connect(Path path) {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > 107) {
            throw new LinuxException("connect", Errno.ENAMETOOLONG, path.toString());
        }
        int fd = (int) Syscall.check("socket", "AF_UNIX", SYS_SOCKET, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(110);
            address.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
            Syscall.check("connect", path.toString(), SYS_CONNECT, fd, address.address(), 110);
            return new UnixSocket(fd);
        } catch (LinuxException refused) {
            Descriptors.close(fd);
            throw refused;
        }
    }

    /** A connected pair. */
    public static UnixSocket[] pair() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8, 4);
            Syscall.check(
                    "socketpair", "AF_UNIX", SYS_SOCKETPAIR, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, two.address());
            return new UnixSocket[] {new UnixSocket(two.get(JAVA_INT, 0)), new UnixSocket(two.get(JAVA_INT, 4))};
        }
    }

    public int fd() {
        return fd;
    }

    /** Raises the send buffer past the system's limit (needs CAP_NET_ADMIN): one message must fit into it whole. */
    public void sendBuffer(int bytes) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment value = local.allocate(JAVA_INT);
            value.set(JAVA_INT, 0, bytes);
            Syscall.check(
                    "setsockopt", "SO_SNDBUFFORCE", SYS_SETSOCKOPT, fd, SOL_SOCKET, SO_SNDBUFFORCE, value.address(), 4);
        }
    }

    /**
     * Sends one message, waiting until the peer has room.
     *
     * @throws LinuxException EPIPE when the peer is gone
     */
    public void send(MemorySegment data, int... descriptors) {
        long result = transmit(data, 0, descriptors);
        if (result < 0) {
            throw new LinuxException("sendmsg", (int) -result, "socket " + fd);
        }
    }

    /**
     * Sends one message if it can be sent at once.
     *
     * @return false when the peer's buffer is full
     * @throws LinuxException EPIPE when the peer is gone
     */
    public boolean trySend(MemorySegment data, int... descriptors) {
        long result = transmit(data, MSG_DONTWAIT, descriptors);
        if (result == -Errno.EAGAIN || result == -Errno.ENOBUFS) {
            return false;
        }
        if (result < 0) {
            throw new LinuxException("sendmsg", (int) -result, "socket " + fd);
        }
        return true;
    }

    /**
     * Waits for one message.
     *
     * @return its length, 0 when the peer is gone
     * @throws LinuxException EMSGSIZE when it does not fit (its descriptors are closed), ECONNRESET
     */
    public Received receive(MemorySegment into) {
        long result = take(into, 0);
        if (result < 0) {
            throw new LinuxException("recvmsg", (int) -result, "socket " + fd);
        }
        return received(result);
    }

    /**
     * Takes one message if there is one.
     *
     * @return null when there is none now; length 0 when the peer is gone
     */
    public @Nullable Received tryReceive(MemorySegment into) {
        long result = take(into, MSG_DONTWAIT);
        if (result == -Errno.EAGAIN) {
            return null;
        }
        if (result < 0) {
            throw new LinuxException("recvmsg", (int) -result, "socket " + fd);
        }
        return received(result);
    }

    /** Ends the conversation in both directions, which wakes a thread that waits in {@link #receive}. */
    public void shutdown() {
        long result = Syscall.raw(SYS_SHUTDOWN, fd, 2, 0, 0, 0, 0);
        if (result < 0 && result != -Errno.ENOTCONN) {
            throw new LinuxException("shutdown", (int) -result, "socket " + fd);
        }
    }

    @Override
    public void close() {
        Descriptors.close(fd);
    }

    private long transmit(MemorySegment data, long flags, int... descriptors) {
        if (descriptors.length > MOST_DESCRIPTORS) {
            throw new IllegalArgumentException(
                    descriptors.length + " descriptors in one message; at most " + MOST_DESCRIPTORS);
        }
        out.point(data, descriptors.length == 0 ? 0 : 16 + 4L * descriptors.length);
        if (descriptors.length > 0) {
            out.control.set(JAVA_LONG, 0, 16 + 4L * descriptors.length);
            out.control.set(JAVA_INT, 8, SOL_SOCKET);
            out.control.set(JAVA_INT, 12, SCM_RIGHTS);
            MemorySegment.copy(descriptors, 0, out.control, JAVA_INT, 16, descriptors.length);
        }
        return again(SYS_SENDMSG, out, MSG_NOSIGNAL | flags);
    }

    private long take(MemorySegment into, long flags) {
        in.point(into, CONTROL_SIZE);
        return again(SYS_RECVMSG, in, MSG_CMSG_CLOEXEC | flags);
    }

    private long again(long call, Header header, long flags) {
        try {
            while (true) {
                long result = Syscall.raw(call, fd, header.message.address(), flags, 0, 0, 0);
                if (result != -Errno.EINTR) {
                    return result;
                }
            }
        } finally {
            Reference.reachabilityFence(header); // the kernel only knows its address
        }
    }

    private Received received(long length) {
        int[] descriptors = in.descriptors();
        if ((in.message.get(JAVA_INT, 48) & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
            Arrays.stream(descriptors).forEach(Descriptors::close);
            throw new LinuxException("recvmsg", Errno.EMSGSIZE, "socket " + fd);
        }
        return new Received((int) length, descriptors);
    }

    /** struct msghdr with one iovec and one control message, laid out as on every 64-bit Linux. */
    private static final class Header {
        private static final int[] NONE = {};

        final MemorySegment message;
        final MemorySegment vector;
        final MemorySegment control;

        Header(Arena arena) {
            message = arena.allocate(56, 8);
            vector = arena.allocate(16, 8);
            control = arena.allocate(CONTROL_SIZE, 8);
        }

        void point(MemorySegment data, long controlLength) {
            vector.set(JAVA_LONG, 0, data.address());
            vector.set(JAVA_LONG, 8, data.byteSize());
            message.set(JAVA_LONG, 16, vector.address());
            message.set(JAVA_LONG, 24, 1);
            message.set(JAVA_LONG, 32, controlLength == 0 ? 0 : control.address());
            message.set(JAVA_LONG, 40, controlLength);
            message.set(JAVA_INT, 48, 0);
        }

        int[] descriptors() {
            if (message.get(JAVA_LONG, 40) < 16 || control.get(JAVA_INT, 12) != SCM_RIGHTS) {
                return NONE;
            }
            int count = (int) (control.get(JAVA_LONG, 0) - 16) / 4;
            int[] all = new int[count];
            MemorySegment.copy(control, JAVA_INT_UNALIGNED, 16, all, 0, count);
            return all;
        }
    }
}
