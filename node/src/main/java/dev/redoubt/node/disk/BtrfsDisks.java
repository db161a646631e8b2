package dev.redoubt.node.disk;

import dev.redoubt.linux.Btrfs;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.ResourceName;
import dev.redoubt.protocol.Size;
import java.io.File;
import java.util.Optional;
import java.util.Set;

/**
 * A subvolume with a simple quota group per sandbox, in our own btrfs image.
 *
 * <p>btrfs has no limit on inodes, but an inode is metadata, and metadata counts for the group: filling a disk with empty
 * files stops at the same number of bytes.
 */
final class BtrfsDisks implements Disks {
    private static final int REMOVED_MOST = 8;

    private final Fd host;
    private final BtrfsImage.Mounted image;
    private final String uuid;

    private BtrfsDisks(Fd host, BtrfsImage.Mounted image) {
        this.host = host;
        this.image = image;
        this.uuid = Btrfs.uuid(image.top());
    }

    static BtrfsDisks open(DataDirectory data) {
        BtrfsImage.Mounted image = BtrfsImage.mount(data);
        String node = data.node().toString();
        BtrfsDisks disks = new BtrfsDisks(LinuxFiles.open(node, LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY), image);
        disks.freeRemoved();
        return disks;
    }

    /**
     * The kernel frees removed subvolumes every 30 s, and every one still waiting makes the next mount slower. Short runs,
     * each of which mounts and is gone sooner, would pile them up for ever, so now and then one of them wakes the cleaner.
     */
    private void freeRemoved() {
        if (image.fresh() && groups() > names().size() + REMOVED_MOST) {
            Btrfs.wakeCleaner(image.top());
        }
    }

    /** Quota groups, those of subvolumes not yet freed included. */
    int groups() {
        String[] groups = new File("/sys/fs/btrfs/" + uuid + "/qgroups").list();
        return groups == null ? 0 : groups.length;
    }

    @Override
    public Mechanism mechanism() {
        return Mechanism.BTRFS;
    }

    @Override
    public Disk acquire(String name, Size size, long inodes) {
        ResourceName.check(name);
        try {
            HostSpace.check(host);
            Btrfs.createSubvolume(image.top(), name);
        } catch (LinuxException refused) {
            throw HostSpace.failure("making disk " + name, refused);
        }
        try {
            return prepared(name, size);
        } catch (LinuxException refused) {
            Btrfs.destroySubvolume(image.top(), name);
            throw HostSpace.failure("making disk " + name, refused);
        }
    }

    /** The limit comes first, so that no byte is ever written without one. */
    private Disk prepared(String name, Size size) {
        BtrfsDisk disk = open(name);
        try {
            Btrfs.limit(disk.directory(), size.bytes());
            LayerDirectories.make(disk.directory());
            return disk;
        } catch (LinuxException refused) {
            disk.close();
            throw refused;
        }
    }

    private BtrfsDisk open(String name) {
        int flags = LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY | LinuxFiles.O_NOFOLLOW;
        return new BtrfsDisk(name, LinuxFiles.openAt(image.top(), name, flags, 0), image, uuid);
    }

    @Override
    public Optional<Disk> existing(String name) {
        try {
            return Optional.of(open(ResourceName.check(name)));
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw HostSpace.failure("opening disk " + name, refused);
        }
    }

    @Override
    public Set<String> names() {
        return DirectoryNames.of(image.top().path());
    }

    @Override
    public void destroy(String name) {
        try {
            Btrfs.destroySubvolume(image.top(), ResourceName.check(name));
        } catch (LinuxException refused) {
            throw HostSpace.failure("removing disk " + name, refused);
        }
    }

    @Override
    public void close() {
        image.top().close();
        host.close();
    }
}
