package dev.redoubt.node.disk;

import dev.redoubt.linux.Fd;
import dev.redoubt.protocol.Size;

/**
 * The writable layer of one sandbox: a directory with {@code u} (the overlay's upper) and {@code w} (its work directory),
 * both of mode 0755 and owned by id 0 before any id mapping.
 */
public sealed interface Disk extends AutoCloseable permits BtrfsDisk, MountedDisk, ProjectQuotaDisk {
    String name();

    /** The open directory; it is this disk's own, until {@link #close} or {@link #release}. */
    Fd directory();

    /**
     * A mount of its own that shows just this directory, attached nowhere, whose ids can still be mapped; nosuid, nodev.
     *
     * @return for the caller to close
     */
    Fd mount();

    /** Bytes it takes now, those not yet written out included. */
    Size used();

    /** Lets go of it and leaves it where it is, for {@link Disks#existing}. */
    @Override
    void close();

    /** Removes it with all that is in it. Done already is fine. */
    void release();
}
