package dev.redoubt.node.landlock;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/** The LANDLOCK_ACCESS_FS_* rights of linux/landlock.h; the order is that of their bits. */
enum FileRight {
    EXECUTE(1),
    WRITE_FILE(1),
    READ_FILE(1),
    READ_DIR(1),
    REMOVE_DIR(1),
    REMOVE_FILE(1),
    MAKE_CHAR(1),
    MAKE_DIR(1),
    MAKE_REG(1),
    MAKE_SOCK(1),
    MAKE_FIFO(1),
    MAKE_BLOCK(1),
    MAKE_SYM(1),
    /** Link or rename into another directory. */
    REFER(2),
    TRUNCATE(3),
    /** ioctl(2) on devices. */
    IOCTL_DEV(5);

    private final int since;

    FileRight(int since) {
        this.since = since;
    }

    /** Those that a version of the interface knows. */
    static Set<FileRight> knownTo(int abi) {
        Set<FileRight> known = EnumSet.allOf(FileRight.class);
        known.removeIf(right -> right.since > abi);
        return known;
    }

    static long mask(Collection<FileRight> rights) {
        return rights.stream().mapToLong(right -> 1L << right.ordinal()).reduce(0, (a, b) -> a | b);
    }
}
