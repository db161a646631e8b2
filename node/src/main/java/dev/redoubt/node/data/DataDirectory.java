package dev.redoubt.node.data;

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

    private static final ClosedDirectory.Kind KIND = ClosedDirectory.Kind.DATA;

    private final Path path;

    private DataDirectory(Path path) {
        this.path = path;
    }

    /** {@code REDOUBT_DATA_DIR}, or {@link #DEFAULT}. */
    public static Path configured(Map<String, String> environment) {
        String value = environment.getOrDefault(KIND.variable(), "");
        return value.isEmpty() ? DEFAULT : Path.of(value);
    }

    /**
     * Opens the directory, making it, and {@code node} in it, with mode 0700 when missing.
     *
     * @throws DirectoryException saying what is wrong with it and what to do
     */
    public static DataDirectory open(Path path) {
        ClosedDirectory.open(KIND, path);
        Path node = path.resolve("node");
        ClosedDirectory.open(KIND, node);
        checkWritable(node);
        return new DataDirectory(path);
    }

    /** Asked by doing it: permission bits do not tell about a read-only or a full file system. */
    private static void checkWritable(Path node) {
        String probe =
                node + "/.probe-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
        try {
            LinuxFiles.makeDirectory(probe, ClosedDirectory.OWNER_ONLY);
            LinuxFiles.removeDirectory(probe);
        } catch (LinuxException refused) {
            throw ClosedDirectory.unusable(KIND, node, refused);
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
        ClosedDirectory.make(KIND, directory);
        return directory;
    }
}
