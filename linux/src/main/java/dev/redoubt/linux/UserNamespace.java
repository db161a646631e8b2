package dev.redoubt.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A user namespace kept by a descriptor, user_namespaces(7). */
public final class UserNamespace implements AutoCloseable {
    private final Fd fd;

    private UserNamespace(Fd fd) {
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
        return new UserNamespace(LinuxFiles.open(process.resolve("ns/user").toString(), LinuxFiles.O_RDONLY));
    }

    Fd fd() {
        return fd;
    }

    /** A path under which root can open the namespace from another process, while this object is open. */
    public Path path() {
        return Path.of("/proc", Long.toString(ProcessHandle.current().pid()), "fd", Integer.toString(fd.number()));
    }

    @Override
    public void close() {
        fd.close();
    }
}
