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
 */
public record Bounds(Limits limits, long files, long signals) {
    /** Small, so that the battery fills them in seconds. */
    public static final Limits SMALL = Limits.DEFAULT
            .withMemory(Size.ofMib(256))
            .withPids(256)
            .withDisk(Size.ofMib(64))
            .withInodes(8192);

    private static final long PAGE = 4096;

    /** In the battery's words: {@code key=value}, separated by blanks. */
    String facts() {
        long half = limits.memory().bytes() / 2;
        return "pids=" + limits.pids()
                + " memory=" + limits.memory().bytes()
                + " disk=" + limits.disk().bytes()
                + " inodes=" + limits.inodes()
                + " tmp-disk=" + half
                + " tmp-inodes=" + half / PAGE
                + " files=" + files
                + " signals=" + signals;
    }
}
