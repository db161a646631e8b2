package dev.redoubt.node.walls.report;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;

/** Files of a sandbox, looked at from outside: its links are a stranger's, and none is followed. */
final class InsideFiles {
    private InsideFiles() {}

    static boolean isThere(Fd root, String path) {
        try {
            LinuxFiles.openAt(
                            root,
                            path,
                            LinuxFiles.O_PATH | LinuxFiles.O_NOFOLLOW,
                            0,
                            LinuxFiles.RESOLVE_IN_ROOT
                                    | LinuxFiles.RESOLVE_NO_SYMLINKS
                                    | LinuxFiles.RESOLVE_NO_MAGICLINKS)
                    .close();
            return true;
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT || refused.errno() == Errno.ENOTDIR) {
                return false;
            }
            throw refused;
        }
    }
}
