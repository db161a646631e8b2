package dev.redoubt.policy.calls;

/** ioctl(2) commands that the list names; bits 8 to 15 of a command are its type. */
final class Ioctl {
    private Ioctl() {}

    /** Pushes a character into a terminal's input, as if typed by whoever reads it next. */
    static final int TIOCSTI = 0x5412;
    /** Console functions; its paste does what TIOCSTI does (CVE-2023-1523). */
    static final int TIOCLINUX = 0x541C;
    /** Loads a line discipline, a long row of kernel bugs (CVE-2017-2636). */
    static final int TIOCSETD = 0x5423;
    /** Redirects the host's console. */
    static final int TIOCCONS = 0x541D;

    static final int TIOCVHANGUP = 0x5437;

    static final int FICLONE = 0x40049409;
    static final int FICLONERANGE = 0x4020940D;
    static final int FIDEDUPERANGE = 0xC0189436;
    static final int FS_IOC_GETFLAGS = 0x80086601;
    static final int FS_IOC_FSGETXATTR = 0x801C581F;
    /** Physical block numbers. */
    static final int FIBMAP = 1;

    static final int TYPE = 0xff00;
    /** Subvolumes: one made by a job would be outside the group that limits its disk. */
    static final int BTRFS = 0x9400;
    /** ext4's own, encryption, verity, FIEMAP (physical blocks), FS_IOC_SETFLAGS. */
    static final int EXT = 0x6600;
    /** XFS's own, freeze, trim, FS_IOC_FSSETXATTR (project ids, by which the disk limit counts). */
    static final int XFS = 0x5800;
    /** The file system's UUID and its name in the host's /sys. */
    static final int FS_IDENTITY = 0x1500;
    /** Owner and parent of a namespace: the host's ids. */
    static final int NAMESPACE = 0xb700;
    /** Of a pidfd (linux/pidfd.h): descriptors of the process's namespaces, and what it is. */
    static final int PIDFS = 0xff00;
}
