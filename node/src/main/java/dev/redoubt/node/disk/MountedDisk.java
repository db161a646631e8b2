package dev.redoubt.node.disk;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileSystemSpace;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountTree;
import dev.redoubt.protocol.Size;

/** A whole file system per sandbox, whose size is the limit. */
final class MountedDisk implements Disk {
    private final String name;
    private final Fd mount;
    private final Fd directory;
    private final Runnable destroy;

    private MountedDisk(String name, Fd mount, Fd directory, Runnable destroy) {
        this.name = name;
        this.mount = mount;
        this.directory = directory;
        this.destroy = destroy;
    }

    /**
     * Takes ownership of a fresh mount.
     *
     * @param destroy removes what else there is
     */
    static MountedDisk of(String name, Fd mount, Runnable destroy) {
        try {
            Fd directory = LinuxFiles.openAt(mount, ".", LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY, 0);
            LayerDirectories.make(directory);
            return new MountedDisk(name, mount, directory, destroy);
        } catch (LinuxException refused) {
            mount.close();
            throw refused;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Fd directory() {
        return directory;
    }

    /** Before kernel 6.15 a detached mount could not be cloned (EINVAL); then the one there is is handed out. */
    @Override
    public Fd mount() {
        try {
            return MountTree.cloneOf(directory);
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.EINVAL) {
                return mount.duplicate();
            }
            throw new DiskException("mounting disk " + name, refused);
        }
    }

    @Override
    public Size used() {
        try {
            FileSystemSpace space = LinuxFiles.space(directory);
            return Size.ofBytes(space.total() - space.available());
        } catch (LinuxException refused) {
            throw new DiskException("measuring disk " + name, refused);
        }
    }

    @Override
    public void close() {
        directory.close();
        mount.close();
    }

    @Override
    public void release() {
        close();
        destroy.run();
    }
}
