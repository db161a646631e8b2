package dev.redoubt.linux;

/**
 * What fstatfs(2) says about a file system.
 *
 * @param magic its kind (statfs(2))
 * @param total bytes in all
 * @param available bytes an unprivileged user may still take
 * @param files inodes in all; 0 where the file system does not count them
 * @param freeFiles inodes not taken
 */
public record FileSystemSpace(long magic, long total, long available, long files, long freeFiles) {
    public static final long BTRFS = 0x9123_683EL;
    public static final long TMPFS = 0x0102_1994L;
    public static final long EXT4 = 0xEF53L;
    public static final long XFS = 0x5846_5342L;
    public static final long PROC = 0x9fa0L;
    /** Pipes without a name. */
    public static final long PIPEFS = 0x5049_5045L;

    public static final long SOCKFS = 0x534F_434BL;
    public static final long ANON_INODE_FS = 0x0904_1934L;
}
