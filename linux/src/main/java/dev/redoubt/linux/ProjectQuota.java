package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Limits per project id (quotactl_fd(2), ioctl_xfs_fsgetxattr(2)): every file made in a directory inherits its project.
 * Only the initial user namespace can change a project, so nothing inside a sandbox can leave its own.
 */
public final class ProjectQuota {
    private static final long QUOTACTL_FD = 443;
    private static final int PROJECT = 2;
    private static final int Q_GETQUOTA = 0x80_0007;
    private static final int Q_SETQUOTA = 0x80_0008;
    private static final int DQBLK_SIZE = 72; // struct if_dqblk
    private static final int BLOCK_LIMITS = 1;
    private static final int INODE_LIMITS = 4;
    private static final int QUOTA_BLOCK = 1024;

    private static final int FSXATTR_SIZE = 28;
    private static final long FSGETXATTR = Ioctl.request(2, 'X', 31, FSXATTR_SIZE);
    private static final long FSSETXATTR = Ioctl.request(1, 'X', 32, FSXATTR_SIZE);
    private static final int INHERIT = 0x200;

    private ProjectQuota() {}

    /**
     * What a project may have and has.
     *
     * @param mostBytes 0 for no limit
     */
    public record Reading(long mostBytes, long bytes, long mostInodes, long inodes) {}

    /** @param file anything on the file system in question */
    public static Reading read(Fd file, int project) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(DQBLK_SIZE, 8);
            control("Q_GETQUOTA", file, Q_GETQUOTA, project, block);
            return new Reading(
                    Math.multiplyExact(block.get(JAVA_LONG, 0), QUOTA_BLOCK),
                    block.get(JAVA_LONG, 16),
                    block.get(JAVA_LONG, 24),
                    block.get(JAVA_LONG, 40));
        }
    }

    /** Sets hard limits, rounding bytes down to 1 KiB. */
    public static void limit(Fd file, int project, long bytes, long inodes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(DQBLK_SIZE, 8);
            block.set(JAVA_LONG, 0, bytes / QUOTA_BLOCK);
            block.set(JAVA_LONG, 24, inodes);
            block.set(JAVA_INT, 64, BLOCK_LIMITS | INODE_LIMITS);
            control("Q_SETQUOTA", file, Q_SETQUOTA, project, block);
        }
    }

    private static void control(String name, Fd file, int command, int project, MemorySegment block) {
        long which = Integer.toUnsignedLong(command << 8 | PROJECT);
        Syscall.check("quotactl_fd", name, QUOTACTL_FD, file.number(), which, project, block.address());
    }

    /** Puts a directory, and whatever is made in it from now on, into a project. */
    public static void assign(Fd directory, int project) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(FSXATTR_SIZE, 4);
            Ioctl.check("FS_IOC_FSGETXATTR", directory, FSGETXATTR, attributes.address());
            attributes.set(JAVA_INT, 0, attributes.get(JAVA_INT, 0) | INHERIT);
            attributes.set(JAVA_INT, 12, project);
            Ioctl.check("FS_IOC_FSSETXATTR", directory, FSSETXATTR, attributes.address());
        }
    }

    /** The project of a file or directory; 0 when it has none. */
    public static int of(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(FSXATTR_SIZE, 4);
            Ioctl.check("FS_IOC_FSGETXATTR", file, FSGETXATTR, attributes.address());
            return attributes.get(JAVA_INT, 12);
        }
    }
}
