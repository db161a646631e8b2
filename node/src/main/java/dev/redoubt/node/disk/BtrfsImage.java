package dev.redoubt.node.disk;

import dev.redoubt.linux.Btrfs;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileSystemSpace;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Loop;
import dev.redoubt.linux.Mounts;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * The sparse file that holds our own btrfs, and how it is mounted.
 *
 * <p>Every process attaches and mounts under one lock: two loop devices over one file would destroy it. The mount is
 * attached nowhere, and the loop device clears itself, so that whatever way the last process ends, nothing stays.
 */
final class BtrfsImage {
    private static final String NAME = "disk.img";
    private static final String UNFINISHED = "disk.img.new";
    private static final String LOCK = "disk.lock";
    private static final long LEAST = Size.ofMib(512).bytes();

    /** How a kernel says that it has no btrfs, no loop devices, no simple quotas, or none for us. */
    private static final Set<Integer> MISSING = Set.of(
            Errno.ENODEV,
            Errno.ENXIO,
            Errno.ENOENT,
            Errno.EINVAL,
            Errno.ENOTTY,
            Errno.EOPNOTSUPP,
            Errno.EPERM,
            Errno.EACCES);

    private static final int ATTRIBUTES = Mounts.NO_SUID | Mounts.NO_DEVICES | Mounts.NO_ACCESS_TIME;
    private static final List<String> FORMAT =
            List.of("mkfs.btrfs", "--quiet", "--nodiscard", "--metadata", "single", "--data", "single");

    private BtrfsImage() {}

    /**
     * A mounted image.
     *
     * @param top its top directory
     * @param devicePath where the block device that it is on can be opened
     * @param fresh whether nobody else had it attached
     */
    record Mounted(Fd top, String devicePath, boolean fresh) {}

    /** Once it is there, no weaker mechanism may quietly take its place: the disks of living sandboxes are in it. */
    static boolean exists(DataDirectory data) {
        return Files.exists(data.node().resolve(NAME), LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * @throws MechanismMissingException when this host cannot make one
     * @throws DiskException when there is one that cannot be used
     */
    static Mounted mount(DataDirectory data) {
        Path directory = data.node();
        try (Fd _ = lock(directory)) {
            if (!exists(data)) {
                make(directory);
            }
            String path = directory.resolve(NAME).toString();
            try (Fd image = LinuxFiles.open(path, LinuxFiles.O_RDWR | LinuxFiles.O_NOFOLLOW)) {
                return mount(image);
            }
        } catch (LinuxException refused) {
            throw HostSpace.failure("opening the disk image", refused);
        }
    }

    private static Mounted mount(Fd image) {
        Optional<Loop> attached = Loop.find(image, NAME);
        try (Loop loop = attached.isPresent() ? attached.get() : Loop.attach(image, NAME)) {
            return new Mounted(mount(loop.path()), loop.path(), attached.isEmpty());
        }
    }

    private static Fd lock(Path directory) {
        Fd lock = LinuxFiles.open(directory.resolve(LOCK).toString(), LinuxFiles.O_RDWR | LinuxFiles.O_CREAT, 0600);
        LinuxFiles.lock(lock);
        return lock;
    }

    /** Under another name until it is whole: a process killed in the middle leaves a file that the next one overwrites. */
    private static void make(Path directory) {
        String unfinished = directory.resolve(UNFINISHED).toString();
        LinuxFiles.removeFile(unfinished);
        int flags = LinuxFiles.O_RDWR | LinuxFiles.O_CREAT | LinuxFiles.O_EXCL;
        try (Fd image = LinuxFiles.open(unfinished, flags, 0600);
                Fd parent = LinuxFiles.open(directory.toString(), LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY)) {
            LinuxFiles.truncate(image, size(image));
            HostTool.run(Mechanism.BTRFS, FORMAT, unfinished);
            prepare(image);
            LinuxFiles.renameAt(parent, UNFINISHED, NAME);
        } catch (DiskException failed) {
            LinuxFiles.removeFile(unfinished);
            throw failed;
        } catch (LinuxException refused) {
            LinuxFiles.removeFile(unfinished);
            throw MISSING.contains(refused.errno())
                    ? new MechanismMissingException(Mechanism.BTRFS, refused)
                    : HostSpace.failure("making the disk image", refused);
        }
    }

    /** As large as what is free now; a sparse file takes only what is written. */
    private static long size(Fd image) {
        FileSystemSpace space = LinuxFiles.space(image);
        long size = (space.available() - HostSpace.RESERVE) / LEAST * LEAST;
        if (size < LEAST) {
            throw new StorageFullException("no room for a disk image: " + Size.ofBytes(space.available())
                    + " bytes are free, " + Size.ofBytes(HostSpace.RESERVE + LEAST) + " are needed");
        }
        return size;
    }

    /** Quotas count what is written after they are switched on, so they are on before anything is. */
    private static void prepare(Fd image) {
        try (Loop loop = Loop.attach(image, NAME);
                Fd top = mount(loop.path())) {
            Btrfs.enableSimpleQuotas(top);
            LinuxFiles.syncFileSystem(top);
        }
    }

    private static Fd mount(String device) {
        try (Fd mount = Mounts.detached("btrfs", options(device), ATTRIBUTES)) {
            return LinuxFiles.openAt(mount, ".", LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY, 0);
        }
    }

    /** A mount of one subvolume alone, of the same file system: cheap, since the file system is there already. */
    static Fd mountSubvolume(String device, String name) {
        SequencedMap<String, String> options = options(device);
        options.put("subvol", name);
        return Mounts.detached("btrfs", options, ATTRIBUTES);
    }

    /**
     * With discard, what is deleted inside becomes a hole in the file again; with a commit every 5 s instead of 30, removed
     * subvolumes are freed sooner; written in place, because with copy on write the old blocks of a file count as long as any
     * part of the extent they were written in is in use, and a database half as large as its disk would find it full.
     */
    private static SequencedMap<String, String> options(String device) {
        SequencedMap<String, String> options = new LinkedHashMap<>();
        options.put("source", device);
        options.put("discard", "async");
        options.put("commit", "5");
        options.put("nodatacow", "");
        return options;
    }
}
