package dev.redoubt.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What statx(2) says of a file: permissions without the type, and the type apart.
 *
 * @param allocated bytes that it takes on the disk; holes take none
 */
public record EntryStatus(
        Type type, int mode, int uid, int gid, long size, long allocated, long inode, long device, int links) {
    private static final int SECTOR = 512; // what stx_blocks counts, whatever a block of the file system is

    /** Kinds of file, inode(7). A whiteout is the character device 0:0 of overlayfs. */
    public enum Type {
        REGULAR,
        DIRECTORY,
        SYMLINK,
        FIFO,
        WHITEOUT,
        DEVICE,
        SOCKET
    }

    static EntryStatus of(MemorySegment statx) {
        int mode = Short.toUnsignedInt(statx.get(ValueLayout.JAVA_SHORT, 28));
        int major = statx.get(ValueLayout.JAVA_INT, 128);
        int minor = statx.get(ValueLayout.JAVA_INT, 132);
        long device = (long) statx.get(ValueLayout.JAVA_INT, 136) << 32
                | Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, 140));
        return new EntryStatus(
                type(mode & 0170000, major == 0 && minor == 0),
                mode & 07777,
                statx.get(ValueLayout.JAVA_INT, 20),
                statx.get(ValueLayout.JAVA_INT, 24),
                statx.get(ValueLayout.JAVA_LONG, 40),
                statx.get(ValueLayout.JAVA_LONG, 48) * SECTOR,
                statx.get(ValueLayout.JAVA_LONG, 32),
                device,
                statx.get(ValueLayout.JAVA_INT, 16));
    }

    private static Type type(int format, boolean zeroDevice) {
        return switch (format) {
            case 0100000 -> Type.REGULAR;
            case 0040000 -> Type.DIRECTORY;
            case 0120000 -> Type.SYMLINK;
            case 0010000 -> Type.FIFO;
            case 0140000 -> Type.SOCKET;
            case 0020000 -> zeroDevice ? Type.WHITEOUT : Type.DEVICE;
            default -> Type.DEVICE;
        };
    }
}
