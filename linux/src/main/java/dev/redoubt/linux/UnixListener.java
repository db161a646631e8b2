package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A listening AF_UNIX SOCK_SEQPACKET socket that knows who connects (unix(7), SO_PEERCRED). */
public final class UnixListener implements AutoCloseable {
    private static final long SYS_SOCKET = 41;
    private static final long SYS_SHUTDOWN = 48;
    private static final long SYS_BIND = 49;
    private static final long SYS_LISTEN = 50;
    private static final long SYS_GETSOCKOPT = 55;
    private static final long SYS_FCHMODAT = 268;
    private static final long SYS_ACCEPT4 = 288;
    private static final long AF_UNIX = 1;
    private static final long SOCK_SEQPACKET = 5;
    private static final long SOCK_CLOEXEC = 0x80000;
    private static final long BACKLOG = 128;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;

    private final int fd;
    private final Path path;

    private UnixListener(int fd, Path path) {
        this.fd = fd;
        this.path = path;
    }

    /** A connection and the uid of the process that made it, as the kernel says. */
    public record Accepted(UnixSocket socket, int pid, int uid) {}

    /**
     * Listens at a path that does not exist yet, for root only (mode 0600).
     *
     * @throws LinuxException EADDRINUSE when something is there
     */
    public static UnixListener bind(Path path) {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > 107) {
            throw new LinuxException("bind", Errno.ENAMETOOLONG, path.toString());
        }
        int fd = (int) Syscall.check("socket", "AF_UNIX", SYS_SOCKET, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(110);
            address.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
            Syscall.check("bind", path.toString(), SYS_BIND, fd, address.address(), 110);
            Syscall.check(
                    "chmod",
                    path.toString(),
                    SYS_FCHMODAT,
                    Descriptors.AT_FDCWD,
                    Syscall.path(arena, path.toString()).address(),
                    0600);
            Syscall.check("listen", path.toString(), SYS_LISTEN, fd, BACKLOG);
            return new UnixListener(fd, path);
        } catch (LinuxException refused) {
            Descriptors.close(fd);
            throw refused;
        }
    }

    public Path path() {
        return path;
    }

    /**
     * Waits for a connection.
     *
     * @throws LinuxException EINVAL after {@link #shutdown}; EMFILE when descriptors have run out
     */
    public Accepted accept() {
        int connection = (int) Syscall.check("accept4", path.toString(), SYS_ACCEPT4, fd, 0, 0, SOCK_CLOEXEC);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(12, 4);
            MemorySegment length = arena.allocate(JAVA_INT);
            length.set(JAVA_INT, 0, 12);
            Syscall.check(
                    "getsockopt",
                    "SO_PEERCRED",
                    SYS_GETSOCKOPT,
                    connection,
                    SOL_SOCKET,
                    SO_PEERCRED,
                    credentials.address(),
                    length.address());
            return new Accepted(
                    UnixSocket.adopt(connection), credentials.get(JAVA_INT, 0), credentials.get(JAVA_INT, 4));
        } catch (LinuxException refused) {
            Descriptors.close(connection);
            throw refused;
        }
    }

    /** Wakes a thread that waits in {@link #accept}. */
    public void shutdown() {
        long result = Syscall.raw(SYS_SHUTDOWN, fd, 2, 0, 0, 0, 0);
        if (result < 0 && result != -Errno.ENOTCONN) {
            throw new LinuxException("shutdown", (int) -result, path.toString());
        }
    }

    @Override
    public void close() {
        Descriptors.close(fd);
    }
}
