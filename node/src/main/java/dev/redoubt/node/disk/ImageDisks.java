package dev.redoubt.node.disk;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Loop;
import dev.redoubt.linux.Mounts;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.ResourceName;
import dev.redoubt.protocol.Size;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;

/** An ext4 file system in a sparse file per sandbox. Only we ever write the image, guests see files. */
final class ImageDisks implements Disks {
    private static final String SUFFIX = ".ext4";
    private static final long BYTES_PER_INODE_AT_LEAST = 4096;

    private final Path directory;

    private ImageDisks(Path directory) {
        this.directory = directory;
    }

    /** Tries it out on a small disk: a missing program, driver or device shows here and not at the first sandbox. */
    static ImageDisks open(DataDirectory data) {
        ImageDisks disks = new ImageDisks(data.nodeDirectory("images-ext4"));
        try {
            disks.acquire("probe-" + ProcessHandle.current().pid(), Size.ofMib(8), 64)
                    .release();
        } catch (StorageFullException | MechanismMissingException known) {
            throw known;
        } catch (DiskException failed) {
            throw new MechanismMissingException(Mechanism.IMAGE, failed);
        }
        return disks;
    }

    @Override
    public Mechanism mechanism() {
        return Mechanism.IMAGE;
    }

    @Override
    public Disk acquire(String name, Size size, long inodes) {
        String path = path(name);
        try (Fd image = LinuxFiles.open(path, LinuxFiles.O_RDWR | LinuxFiles.O_CREAT | LinuxFiles.O_EXCL, 0600)) {
            try {
                HostSpace.check(image);
                LinuxFiles.truncate(image, size.bytes());
                HostTool.run(Mechanism.IMAGE, format(size, inodes), path);
                return mounted(name, image);
            } catch (LinuxException | DiskException failed) {
                LinuxFiles.removeFile(path);
                throw failed;
            }
        } catch (LinuxException refused) {
            throw HostSpace.failure("making disk " + name, refused);
        }
    }

    /** Nothing is kept for root (-m 0): the guest's files belong to ids that are not the host's root. */
    private static List<String> format(Size size, long inodes) {
        long most = Math.min(inodes, size.bytes() / BYTES_PER_INODE_AT_LEAST);
        return List.of(
                "mkfs.ext4",
                "-q",
                "-F",
                "-m",
                "0",
                "-N",
                Long.toString(most),
                "-E",
                "nodiscard,lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0");
    }

    /** The lock is on the image: two processes that attached it at once would have two devices over one file system. */
    private Disk mounted(String name, Fd image) {
        LinuxFiles.lock(image);
        Optional<Loop> attached = Loop.find(image, name + SUFFIX);
        try (Loop loop = attached.isPresent() ? attached.get() : Loop.attach(image, name)) {
            SequencedMap<String, String> options = new LinkedHashMap<>();
            options.put("source", loop.path());
            options.put("noinit_itable", "");
            int attributes = Mounts.NO_SUID | Mounts.NO_DEVICES | Mounts.NO_ACCESS_TIME;
            Fd mount = Mounts.detached("ext4", options, attributes);
            return MountedDisk.of(name, mount, () -> destroy(name));
        }
    }

    private String path(String name) {
        return directory.resolve(ResourceName.check(name) + SUFFIX).toString();
    }

    @Override
    public Optional<Disk> existing(String name) {
        try (Fd image = LinuxFiles.open(path(name), LinuxFiles.O_RDWR | LinuxFiles.O_NOFOLLOW)) {
            return Optional.of(mounted(name, image));
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw HostSpace.failure("opening disk " + name, refused);
        }
    }

    @Override
    public Set<String> names() {
        Set<String> names = new TreeSet<>();
        DirectoryNames.of(directory).stream()
                .filter(name -> name.endsWith(SUFFIX))
                .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                .forEach(names::add);
        return names;
    }

    @Override
    public void destroy(String name) {
        try {
            LinuxFiles.removeFile(path(name));
        } catch (LinuxException refused) {
            throw new DiskException("removing disk " + name, refused);
        }
    }

    @Override
    public void close() {
        // every disk has its own mount
    }
}
