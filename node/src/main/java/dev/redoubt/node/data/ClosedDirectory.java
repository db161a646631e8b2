package dev.redoubt.node.data;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.FileStatus;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import java.nio.file.Path;
import java.util.Optional;

/** What the two directories of a node have in common: they belong to whoever runs it, and nobody else may look in. */
final class ClosedDirectory {
    static final int OWNER_ONLY = 0700;
    private static final int ROOT = 0;

    private ClosedDirectory() {}

    /** Which of the two, for messages. */
    enum Kind {
        DATA("data directory", "REDOUBT_DATA_DIR"),
        RUN("run directory", "REDOUBT_RUN_DIR");

        private final String words;
        private final String variable;

        Kind(String words, String variable) {
            this.words = words;
            this.variable = variable;
        }

        String words() {
            return words;
        }

        String variable() {
            return variable;
        }
    }

    /**
     * Makes it when it is missing, and checks it.
     *
     * @throws DirectoryException saying what is wrong with it and what to do
     */
    static void open(Kind kind, Path path) {
        checkAbsolute(kind, path);
        make(kind, path);
        check(kind, path, LinuxFiles.status(path.toString()));
    }

    /**
     * Checks it where it exists.
     *
     * @return whether it does
     * @throws DirectoryException as {@link #open}
     */
    static boolean exists(Kind kind, Path path) {
        checkAbsolute(kind, path);
        Optional<FileStatus> status = status(kind, path);
        status.ifPresent(there -> check(kind, path, there));
        return status.isPresent();
    }

    static void make(Kind kind, Path path) {
        try {
            LinuxFiles.makeDirectory(path.toString(), OWNER_ONLY);
        } catch (LinuxException refused) {
            throw unusable(kind, path, refused);
        }
    }

    static DirectoryException unusable(Kind kind, Path path, LinuxException refused) {
        return new DirectoryException(
                kind, path, "cannot be used (" + refused.getMessage() + ")", remedy(kind, refused.errno()), refused);
    }

    private static void checkAbsolute(Kind kind, Path path) {
        if (!path.isAbsolute()) {
            throw new DirectoryException(kind, path, "is not an absolute path", "write it from / on");
        }
    }

    private static Optional<FileStatus> status(Kind kind, Path path) {
        try {
            return Optional.of(LinuxFiles.status(path.toString()));
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw unusable(kind, path, refused);
        }
    }

    /** Root's is as good as ours: root can do anything to us anyway. */
    private static void check(Kind kind, Path path, FileStatus status) {
        if (!status.isDirectory()) {
            throw new DirectoryException(kind, path, "is not a directory", "move it away");
        }
        int self = LinuxFiles.status("/proc/self").uid();
        if (status.uid() != self && status.uid() != ROOT) {
            throw new DirectoryException(
                    kind, path, "belongs to user " + status.uid(), "chown -R " + self + ":" + self + " " + path);
        }
        if ((status.permissions() & 077) != 0) {
            throw new DirectoryException(
                    kind,
                    path,
                    "is open to other users (mode %o)".formatted(status.permissions()),
                    "chmod 0700 " + path);
        }
    }

    private static String remedy(Kind kind, int errno) {
        String variable = kind.variable();
        return switch (errno) {
            case Errno.ENOSPC, Errno.EDQUOT -> "free some space or inodes on its file system";
            case Errno.EROFS -> "mount its file system read-write, or set " + variable + " to another place";
            case Errno.ENOENT -> "make its parent directory, or set " + variable + " to another place";
            case Errno.EACCES, Errno.EPERM -> "run as root, or set " + variable + " to a place you may write to";
            default -> "set " + variable + " to another place";
        };
    }
}
