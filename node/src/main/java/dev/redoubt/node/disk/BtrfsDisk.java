package dev.redoubt.node.disk;

import dev.redoubt.linux.Btrfs;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountTree;
import dev.redoubt.protocol.Size;

/** One subvolume. */
final class BtrfsDisk implements Disk {
    private final String name;
    private final Fd directory;
    private final BtrfsImage.Mounted image;
    private final String uuid;

    BtrfsDisk(String name, Fd directory, BtrfsImage.Mounted image, String uuid) {
        this.name = name;
        this.directory = directory;
        this.image = image;
        this.uuid = uuid;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Fd directory() {
        return directory;
    }

    /** Before kernel 6.15 a detached mount could not be cloned (EINVAL); mounting the subvolume again does the same. */
    @Override
    public Fd mount() {
        try {
            return MountTree.cloneOf(directory);
        } catch (LinuxException refused) {
            if (refused.errno() != Errno.EINVAL) {
                throw new DiskException("mounting disk " + name, refused);
            }
            return mountAgain();
        }
    }

    /** Package-private so that the way for older kernels is tested on newer ones too. */
    Fd mountAgain() {
        try {
            return BtrfsImage.mountSubvolume(image.devicePath(), name);
        } catch (LinuxException refused) {
            throw new DiskException("mounting disk " + name, refused);
        }
    }

    /** What is written out plus what is promised: both count towards the limit. */
    @Override
    public Size used() {
        try {
            String group = "/sys/fs/btrfs/" + uuid + "/qgroups/0_" + Btrfs.subvolume(directory) + "/";
            return Size.ofBytes(number(group + "referenced") + number(group + "rsv_data"));
        } catch (LinuxException refused) {
            throw new DiskException("measuring disk " + name, refused);
        }
    }

    private static long number(String path) {
        return Long.parseLong(LinuxFiles.readOnce(path));
    }

    @Override
    public void close() {
        directory.close();
    }

    @Override
    public void release() {
        directory.close();
        try {
            Btrfs.destroySubvolume(image.top(), name);
        } catch (LinuxException refused) {
            throw new DiskException("removing disk " + name, refused);
        }
    }
}
