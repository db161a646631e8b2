package dev.redoubt.linux;

import java.lang.foreign.Arena;

/** Detached copies of mounts (open_tree(2) with OPEN_TREE_CLONE): attached nowhere, to be given away by descriptor. */
public final class MountTree {
    private static final long SYS_OPEN_TREE = 428;
    private static final long OPEN_TREE_CLONE = 1;
    private static final long AT_EMPTY_PATH = 0x1000;

    private MountTree() {}

    /**
     * A detached mount of what a path names.
     *
     * @throws LinuxException ENOENT, EPERM without CAP_SYS_ADMIN
     */
    public static Fd cloneOf(String path) {
        try (Arena arena = Arena.ofConfined()) {
            return Fd.owned(Syscall.check(
                    "open_tree",
                    path,
                    SYS_OPEN_TREE,
                    Descriptors.AT_FDCWD,
                    Syscall.path(arena, path).address(),
                    OPEN_TREE_CLONE | Descriptors.O_CLOEXEC));
        }
    }

    /**
     * A detached mount of an open directory or file. From a mount that is itself detached only since Linux 6.15.
     *
     * @throws LinuxException EINVAL when the kernel cannot copy that mount
     */
    public static Fd cloneOf(Fd directory) {
        try (Arena arena = Arena.ofConfined()) {
            return Fd.owned(Syscall.check(
                    "open_tree",
                    directory.toString(),
                    SYS_OPEN_TREE,
                    directory.number(),
                    Syscall.path(arena, "").address(),
                    OPEN_TREE_CLONE | Descriptors.O_CLOEXEC | AT_EMPTY_PATH));
        }
    }
}
