package dev.redoubt.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** A user namespace kept by a descriptor, user_namespaces(7). */
public final class UserNamespace implements AutoCloseable {
    private static final long SYS_OPENAT = 257;
    private static final int O_RDONLY_CLOEXEC = 02000000;

    private final int fd;

    private UserNamespace(int fd) {
        this.fd = fd;
    }

    /**
     * Gives the fresh user namespace of {@code pid} its one map and keeps it. A JVM has threads, so it cannot make one
     * itself: somebody else has to stand in it for this long.
     *
     * @param base first id outside; inside it is 0
     * @param count how many ids
     */
    public static UserNamespace map(long pid, int base, int count) throws IOException {
        Path process = Path.of("/proc", Long.toString(pid));
        String map = "0 " + base + " " + count + "\n";
        Files.writeString(process.resolve("uid_map"), map);
        Files.writeString(process.resolve("gid_map"), map);
        return new UserNamespace(open(process.resolve("ns/user")));
    }

    private static int open(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = Syscall.path(arena, path.toString());
            return (int) Syscall.check(
                    "openat", path.toString(), SYS_OPENAT, FdCalls.AT_FDCWD, bytes.address(), O_RDONLY_CLOEXEC);
        }
    }

    int fd() {
        return fd;
    }

    /** A path under which this process, and root, can open the namespace while this object is open. */
    public Path path() {
        return Path.of("/proc", Long.toString(ProcessHandle.current().pid()), "fd", Integer.toString(fd));
    }

    @Override
    public void close() {
        FdCalls.close(fd);
    }
}
