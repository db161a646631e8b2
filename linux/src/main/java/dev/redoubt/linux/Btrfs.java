package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Subvolumes and quota groups of btrfs (btrfs-ioctl(2), btrfs-quota(8)). */
public final class Btrfs {
    private static final int MAGIC = 0x94;
    private static final int VOL_ARGS = 4096; // struct btrfs_ioctl_vol_args
    private static final int NAME_AT = 8;
    private static final int NAME_MOST = 255;
    private static final int SIMPLE_QUOTA = 4;
    private static final int LIMIT_REFERENCED = 1;

    private static final long SYNC = Ioctl.request(0, MAGIC, 8, 0);
    private static final long SUBVOL_CREATE = Ioctl.request(1, MAGIC, 14, VOL_ARGS);
    private static final long SNAP_DESTROY = Ioctl.request(1, MAGIC, 15, VOL_ARGS);
    private static final long INO_LOOKUP = Ioctl.request(3, MAGIC, 18, 4096);
    private static final long FS_INFO = Ioctl.request(2, MAGIC, 31, 1024);
    private static final long QUOTA_CTL = Ioctl.request(3, MAGIC, 40, 16);
    private static final long QGROUP_LIMIT = Ioctl.request(2, MAGIC, 43, 48);
    private static final long FIRST_INODE = 256; // BTRFS_FIRST_FREE_OBJECTID, the root directory of every subvolume

    private Btrfs() {}

    /**
     * Switches on simple quotas (kernel 6.7): an extent counts for the subvolume that wrote it. The older kind walks back
     * references at every commit and after every deletion.
     */
    public static void enableSimpleQuotas(Fd fileSystem) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment control = arena.allocate(16, 8);
            control.set(JAVA_LONG, 0, SIMPLE_QUOTA);
            Ioctl.check("BTRFS_IOC_QUOTA_CTL", fileSystem, QUOTA_CTL, control.address());
        }
    }

    /** Makes an empty subvolume {@code name} in an open directory. */
    public static void createSubvolume(Fd directory, String name) {
        try (Arena arena = Arena.ofConfined()) {
            check("BTRFS_IOC_SUBVOL_CREATE", directory, SUBVOL_CREATE, named(arena, name), name);
        }
    }

    /** Removes a subvolume with all that is in it; the blocks are freed in the background. @return false when there is none */
    public static boolean destroySubvolume(Fd directory, String name) {
        try (Arena arena = Arena.ofConfined()) {
            long result = Ioctl.raw(directory, SNAP_DESTROY, named(arena, name).address());
            if (result < 0 && result != -Errno.ENOENT) {
                throw new LinuxException("BTRFS_IOC_SNAP_DESTROY", (int) -result, name);
            }
            return result == 0;
        }
    }

    private static MemorySegment named(Arena arena, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > NAME_MOST) {
            throw new IllegalArgumentException("name too long: " + name);
        }
        MemorySegment arguments = arena.allocate(VOL_ARGS, 8);
        MemorySegment.copy(bytes, 0, arguments, JAVA_BYTE, NAME_AT, bytes.length);
        return arguments;
    }

    private static void check(String call, Fd directory, long request, MemorySegment arguments, String name) {
        long result = Ioctl.raw(directory, request, arguments.address());
        if (result < 0) {
            throw new LinuxException(call, (int) -result, name);
        }
    }

    /** Limits the bytes, data and metadata, that the subvolume holding {@code file} may have. */
    public static void limit(Fd file, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocate(48, 8); // struct btrfs_ioctl_qgroup_limit_args, group 0: its own
            arguments.set(JAVA_LONG, 8, LIMIT_REFERENCED);
            arguments.set(JAVA_LONG, 16, bytes);
            Ioctl.check("BTRFS_IOC_QGROUP_LIMIT", file, QGROUP_LIMIT, arguments.address());
        }
    }

    /** Commits, and wakes the thread that frees the blocks of removed subvolumes; it goes on after this returns. */
    public static void wakeCleaner(Fd fileSystem) {
        Ioctl.check("BTRFS_IOC_SYNC", fileSystem, SYNC, 0);
    }

    /** The number of the subvolume that holds {@code file}; its own quota group is {@code 0/number}. */
    public static long subvolume(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocate(4096, 8); // struct btrfs_ioctl_ino_lookup_args
            arguments.set(JAVA_LONG, 8, FIRST_INODE);
            Ioctl.check("BTRFS_IOC_INO_LOOKUP", file, INO_LOOKUP, arguments.address());
            return arguments.get(JAVA_LONG, 0);
        }
    }

    /** The file system's identity as {@code /sys/fs/btrfs} spells it. */
    public static String uuid(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(1024, 8); // struct btrfs_ioctl_fs_info_args
            Ioctl.check("BTRFS_IOC_FS_INFO", file, FS_INFO, answer.address());
            String hex = HexFormat.of().formatHex(answer.asSlice(16, 16).toArray(JAVA_BYTE));
            return hex.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5");
        }
    }
}
