package dev.redoubt.linux;

/**
 * What statx(2) says about a file.
 *
 * @param mode type and permission bits (inode(7))
 * @param self the device that this file is, when it is a device file
 * @param on the device of the file system that holds it
 */
public record FileStatus(int mode, int uid, int gid, long size, long inode, Device self, Device on) {
    private static final int TYPE = 0xf000;

    public boolean isDirectory() {
        return (mode & TYPE) == 0x4000;
    }

    public boolean isRegularFile() {
        return (mode & TYPE) == 0x8000;
    }

    public boolean isSymbolicLink() {
        return (mode & TYPE) == 0xa000;
    }

    public boolean isCharacterDevice() {
        return (mode & TYPE) == 0x2000;
    }

    public boolean isBlockDevice() {
        return (mode & TYPE) == 0x6000;
    }

    public boolean isPipe() {
        return (mode & TYPE) == 0x1000;
    }

    public boolean isSocket() {
        return (mode & TYPE) == 0xc000;
    }

    /** The twelve permission bits. */
    public int permissions() {
        return mode & 0xfff;
    }
}
