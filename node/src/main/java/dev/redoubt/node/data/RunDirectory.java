package dev.redoubt.node.data;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.UnixListener;
import dev.redoubt.linux.UnixSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where the sockets are, checked: it belongs to us and is closed to everybody else. Whoever could write in it could take
 * the daemon's place, and be given the input of every command.
 */
public final class RunDirectory {
    private static final Path DEFAULT = Path.of("/run/redoubt");
    private static final ClosedDirectory.Kind KIND = ClosedDirectory.Kind.RUN;
    private static final String SOCKET = ".sock";
    private static final String CALLS = ".calls";
    private static final String DAEMON = "node" + SOCKET;
    /** An owner's name has 16 characters. */
    private static final int LONGEST_NAME = 16 + SOCKET.length();
    /** unix(7): 108 bytes with the zero at the end; and the slash. */
    private static final int MOST_BYTES = 107 - LONGEST_NAME - 1;

    private final Path path;

    private RunDirectory(Path path) {
        this.path = path;
    }

    /** {@code REDOUBT_RUN_DIR}, or {@code /run/redoubt}. */
    public static Path configured(Map<String, String> environment) {
        String value = environment.getOrDefault(KIND.variable(), "");
        return value.isEmpty() ? DEFAULT : Path.of(value);
    }

    /**
     * Opens the directory, making it with mode 0700 when missing.
     *
     * @throws DirectoryException saying what is wrong with it and what to do
     */
    public static RunDirectory open(Path path) {
        checkLength(path);
        ClosedDirectory.open(KIND, path);
        return new RunDirectory(path);
    }

    /**
     * The directory where there is one: nothing is made.
     *
     * @throws DirectoryException as {@link #open}
     */
    public static Optional<RunDirectory> existing(Path path) {
        checkLength(path);
        return ClosedDirectory.exists(KIND, path) ? Optional.of(new RunDirectory(path)) : Optional.empty();
    }

    private static void checkLength(Path path) {
        int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_BYTES) {
            throw new DirectoryException(
                    KIND,
                    path,
                    "has a name of " + bytes + " bytes, and sockets in it would have no address (unix(7))",
                    "set " + KIND.variable() + " to a path of at most " + MOST_BYTES + " bytes");
        }
    }

    public Path path() {
        return path;
    }

    /** The daemon's socket. */
    public Path daemonSocket() {
        return path.resolve(DAEMON);
    }

    /** The socket of an owner's spawner. */
    public Path socketOf(String owner) {
        return path.resolve(owner + SOCKET);
    }

    /** What an owner's broker has received and not answered. */
    public Path callsOf(String owner) {
        return path.resolve(owner + CALLS);
    }

    /** Removes what an owner had here; nothing may run of it any more. */
    public void remove(String owner) {
        LinuxFiles.removeFile(socketOf(owner).toString());
        LinuxFiles.removeFile(callsOf(owner).toString());
    }

    /** Listens where the daemon does. @return empty when one answers there */
    public Optional<UnixListener> listen() {
        try (Fd _ = locked()) {
            return removeDeadDaemon() ? Optional.of(UnixListener.bind(daemonSocket())) : Optional.empty();
        }
    }

    /** Removes the socket of a daemon that was killed. */
    public void removeDeadDaemonsSocket() {
        try (Fd _ = locked()) {
            var _ = removeDeadDaemon();
        }
    }

    /** Nobody binds between the question whether a daemon is dead and the removal of its socket. */
    private Fd locked() {
        Fd directory = LinuxFiles.open(path.toString(), LinuxFiles.O_DIRECTORY);
        LinuxFiles.lock(directory);
        return directory;
    }

    /** @return whether there is none that lives */
    private boolean removeDeadDaemon() {
        try {
            UnixSocket.connect(daemonSocket()).close();
            return false;
        } catch (LinuxException nobody) {
            if (nobody.errno() == Errno.ECONNREFUSED) {
                LinuxFiles.removeFile(daemonSocket().toString());
            } else if (nobody.errno() != Errno.ENOENT) {
                throw nobody;
            }
            return true;
        }
    }
}
