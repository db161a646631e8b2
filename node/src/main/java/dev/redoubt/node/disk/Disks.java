package dev.redoubt.node.disk;

import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.util.Optional;
import java.util.Set;

/** Where the sandboxes' disks are; shared by every process that uses the same data directory. */
public sealed interface Disks extends AutoCloseable permits ProjectQuotaDisks, BtrfsDisks, ImageDisks, MemoryDisks {
    /**
     * Takes the strongest mechanism this host has.
     *
     * @throws StorageFullException when there is no room to begin with
     */
    static Disks open(DataDirectory data) {
        if (BtrfsImage.exists(data)) {
            return BtrfsDisks.open(data);
        }
        for (Mechanism mechanism : Mechanism.values()) {
            try {
                return open(data, mechanism);
            } catch (MechanismMissingException missing) {
                // the next one is weaker, and the last one needs nothing
            }
        }
        throw new IllegalStateException("memory is always there");
    }

    /**
     * Takes this mechanism and no other.
     *
     * @throws MechanismMissingException saying what this host lacks for it
     */
    static Disks open(DataDirectory data, Mechanism mechanism) {
        return switch (mechanism) {
            case PROJECT_QUOTA -> ProjectQuotaDisks.open(data);
            case BTRFS -> BtrfsDisks.open(data);
            case IMAGE -> ImageDisks.open(data);
            case MEMORY -> new MemoryDisks();
        };
    }

    Mechanism mechanism();

    /**
     * Makes an empty disk.
     *
     * @param name lower-case letters, digits, {@code _} and {@code -}; the first part should tell the owner
     * @param size what it may hold at most, metadata included
     * @param inodes files it may hold at most, where the mechanism counts them
     * @throws StorageFullException when the host has no room
     * @throws DiskException when the name is taken or something else is in the way; then nothing of it is left
     */
    Disk acquire(String name, Size size, long inodes);

    /** A disk made before, by whichever process; empty when there is none (or it was in the memory of a lost one). */
    Optional<Disk> existing(String name);

    /** All disks there are, whichever process made them. */
    Set<String> names();

    /** Removes a disk by its name. Done already is fine. */
    void destroy(String name);

    /** Lets go of the file system; with the last process (and the last sandbox) that uses it, it is unmounted. */
    @Override
    void close();
}
