package dev.redoubt.node.disk;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.protocol.Size;

/**
 * Room on the host's own file system.
 *
 * <p>Our images are sparse: when the host is full, a write into one fails as an i/o error, for every sandbox at once and not
 * as "disk full". So no new disk starts near that point.
 */
final class HostSpace {
    static final long RESERVE = Size.ofGib(1).bytes();

    private HostSpace() {}

    /** @param file anything on that file system */
    static void check(Fd file) {
        long available = LinuxFiles.space(file).available();
        if (available < RESERVE / 2) {
            throw new StorageFullException("only " + available + " bytes are free on the host");
        }
    }

    static DiskException failure(String step, LinuxException refused) {
        return refused.errno() == Errno.ENOSPC || refused.errno() == Errno.EDQUOT
                ? new StorageFullException(step, refused)
                : new DiskException(step, refused);
    }
}
