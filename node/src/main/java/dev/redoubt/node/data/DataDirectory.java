package dev.redoubt.node.data;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.FileStatus;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The data directory, checked: it exists, belongs to us, is closed to everybody else, and takes writes.
 *
 * <p>Closed, because the layers in it hold files that a sandbox owns under ids of its own, among them setuid programs of
 * its root: another user of the host who could reach one could run it.
 */
public final class DataDirectory {
    /** Where it is when nobody says otherwise. */
    public static final Path DEFAULT = Path.of("/var/lib/redoubt");

    private static final String VARIABLE = "REDOUBT_DATA_DIR";
    private static final int OWNER_ONLY = 0700;

    private final Path path;

    private DataDirectory(Path path) {
        this.path = path;
    }

    /** {@code REDOUBT_DATA_DIR}, or {@link #DEFAULT}. */
    public static Path configured(Map<String, String> environment) {
        String value = environment.getOrDefault(VARIABLE, "");
        return value.isEmpty() ? DEFAULT : Path.of(value);
    }

    /**
     * Opens the directory, making it, and {@code node} in it, with mode 0700 when missing.
     *
     * @throws DataDirectoryException saying what is wrong with it and what to do
     */
    public static DataDirectory open(Path path) {
        if (!path.isAbsolute()) {
            throw new DataDirectoryException(path, "is not an absolute path", "write it from / on");
        }
        make(path);
        checkOwner(path);
        Path node = path.resolve("node");
        make(node);
        checkOwner(node);
        checkWritable(node);
        return new DataDirectory(path);
    }

    private static void make(Path path) {
        try {
            LinuxFiles.makeDirectory(path.toString(), OWNER_ONLY);
        } catch (LinuxException refused) {
            throw new DataDirectoryException(path, refused);
        }
    }

    private static void checkOwner(Path path) {
        FileStatus status = LinuxFiles.status(path.toString());
        if (!status.isDirectory()) {
            throw new DataDirectoryException(path, "is not a directory", "move it away");
        }
        int self = LinuxFiles.status("/proc/self").uid();
        if (status.uid() != self) {
            throw new DataDirectoryException(
                    path, "belongs to user " + status.uid(), "chown -R " + self + ":" + self + " " + path);
        }
        if ((status.permissions() & 077) != 0) {
            throw new DataDirectoryException(
                    path, "is open to other users (mode %o)".formatted(status.permissions()), "chmod 0700 " + path);
        }
    }

    /** Asked by doing it: permission bits do not tell about a read-only or a full file system. */
    private static void checkWritable(Path node) {
        String probe =
                node + "/.probe-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
        try {
            LinuxFiles.makeDirectory(probe, OWNER_ONLY);
            LinuxFiles.removeDirectory(probe);
        } catch (LinuxException refused) {
            throw new DataDirectoryException(node, refused);
        }
    }

    public Path path() {
        return path;
    }

    /** Where the node keeps what is its own. */
    public Path node() {
        return path.resolve("node");
    }

    /** A directory of the node's, made with mode 0700 when missing. */
    public Path nodeDirectory(String name) {
        Path directory = node().resolve(name);
        make(directory);
        return directory;
    }

    static String remedy(int errno) {
        return switch (errno) {
            case Errno.ENOSPC, Errno.EDQUOT -> "free some space or inodes on its file system";
            case Errno.EROFS -> "mount its file system read-write, or set " + VARIABLE + " to another place";
            case Errno.ENOENT -> "make its parent directory, or set " + VARIABLE + " to another place";
            case Errno.EACCES, Errno.EPERM -> "run as root, or set " + VARIABLE + " to a place you may write to";
            default -> "set " + VARIABLE + " to another place";
        };
    }
}
