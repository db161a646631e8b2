package dev.redoubt.node.escape;

import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;

/**
 * The limits that a sandbox is said to have. A resource attack stops by itself a little above them, so that a limit
 * that is missing is found and the host stays whole.
 *
 * @param limits what the kernel holds per sandbox
 * @param files descriptors of one process
 * @param signals that may wait, and timers that may run
 * @param packets whether attacks may send to addresses beyond this machine; not when nothing would stop them
 */
public record Bounds(Limits limits, long files, long signals, boolean packets) {
    /** Small, so that the battery fills them in seconds; of the disk it is empty files that take long, 360 bytes each. */
    public static final Limits SMALL = Limits.DEFAULT
            .withMemory(Size.ofMib(128))
            .withPids(256)
            .withDisk(Size.ofMib(4))
            .withInodes(2048);

    private static final long PAGE = 4096;
    /** What an empty file costs at least where files are bounded by their bytes: its items in a btrfs leaf. */
    private static final long LEAST_FILE = 256;

    /** In the battery's words: {@code key=value}, separated by blanks. */
    String facts() {
        long half = limits.memory().bytes() / 2;
        return "pids=" + limits.pids()
                + " memory=" + limits.memory().bytes()
                + " disk=" + limits.disk().bytes()
                + " inodes=" + Math.max(limits.inodes(), limits.disk().bytes() / LEAST_FILE)
                + " tmp-disk=" + half
                + " tmp-inodes=" + half / PAGE
                + " files=" + files
                + " signals=" + signals
                + " packets=" + (packets ? 1 : 0);
    }
}
