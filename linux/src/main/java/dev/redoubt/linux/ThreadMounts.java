package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * A mount namespace for one platform thread, and mounts in it by descriptor (mount_namespaces(7), open_tree(2)).
 *
 * <p>What the thread mounts nobody else sees; processes that it starts inherit it; when the last of them is gone the
 * kernel takes the mounts down. So a killed JVM leaves none.
 */
public final class ThreadMounts {
    private static final long SYS_MOUNT = 165;
    private static final long SYS_UNSHARE = 272;
    private static final long SYS_OPEN_TREE = 428;
    private static final long SYS_MOVE_MOUNT = 429;
    private static final long SYS_MOUNT_SETATTR = 442;

    private static final int CLONE_NEWNS = 0x20000;
    private static final int MS_NOSUID_NODEV = 2 | 4;
    private static final int MS_REC_PRIVATE = 16_384 | 1 << 18;
    private static final int OPEN_TREE_CLONE_CLOEXEC = 1 | 02000000;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final long MOUNT_ATTR_RDONLY = 1;
    private static final long MOUNT_ATTR_NOSUID = 2;
    private static final long MOUNT_ATTR_NODEV = 4;
    private static final long MOUNT_ATTR_IDMAP = 0x100000;

    private ThreadMounts() {}

    /** Gives the calling thread mounts of its own, for the rest of its life. Never call it on a pooled thread. */
    public static void detach() {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread would leave its namespace to its carrier");
        }
        Syscall.check("unshare", "mount namespace", SYS_UNSHARE, CLONE_NEWNS);
        try (Arena arena = Arena.ofConfined()) {
            long root = Syscall.path(arena, "/").address();
            long none = Syscall.path(arena, "none").address();
            Syscall.check("mount", "/ as private", SYS_MOUNT, none, root, 0, MS_REC_PRIVATE, 0);
        }
    }

    /** An empty file system in memory at {@code target}; {@code options} as tmpfs(5) knows them. */
    public static void memory(Path target, String options) {
        try (Arena arena = Arena.ofConfined()) {
            long type = Syscall.path(arena, "tmpfs").address();
            long where = Syscall.path(arena, target.toString()).address();
            long data = Syscall.path(arena, options).address();
            Syscall.check("mount", "tmpfs at " + target, SYS_MOUNT, type, where, type, MS_NOSUID_NODEV, data);
        }
    }

    /** Shows {@code source} at {@code target} as it is, read-only. */
    public static void bindReadOnly(Path source, Path target) {
        attach(source, target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0);
    }

    /** Shows a device file at {@code target}. */
    public static void bindDevice(Path source, Path target) {
        attach(source, target, MOUNT_ATTR_NOSUID, 0);
    }

    /** Read-only, and id N on disk is id N inside {@code owner}: root's private files are readable by its root. */
    public static void bindReadOnly(Path source, Path target, UserNamespace owner) {
        long attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_IDMAP;
        attach(source, target, attributes, owner.fd());
    }

    /** Writable, and what id N inside {@code owner} writes belongs to id N on disk. */
    public static void bindWritable(Path source, Path target, UserNamespace owner) {
        attach(source, target, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_IDMAP, owner.fd());
    }

    private static void attach(Path source, Path target, long attributes, int userNamespace) {
        try (Arena arena = Arena.ofConfined()) {
            long from = Syscall.path(arena, source.toString()).address();
            int tree = (int) Syscall.check(
                    "open_tree", source.toString(), SYS_OPEN_TREE, FdCalls.AT_FDCWD, from, OPEN_TREE_CLONE_CLOEXEC);
            try {
                change(arena, tree, source.toString(), attributes, userNamespace);
                long to = Syscall.path(arena, target.toString()).address();
                long empty = Syscall.path(arena, "").address();
                Syscall.check(
                        "move_mount",
                        target.toString(),
                        SYS_MOVE_MOUNT,
                        tree,
                        empty,
                        FdCalls.AT_FDCWD,
                        to,
                        MOVE_MOUNT_F_EMPTY_PATH);
            } finally {
                FdCalls.close(tree);
            }
        }
    }

    private static void change(Arena arena, int tree, String subject, long attributes, int userNamespace) {
        MemorySegment change = arena.allocate(32, 8);
        change.set(ValueLayout.JAVA_LONG, 0, attributes);
        change.set(ValueLayout.JAVA_LONG, 24, userNamespace);
        long empty = Syscall.path(arena, "").address();
        Syscall.check(
                "mount_setattr", subject, SYS_MOUNT_SETATTR, tree, empty, FdCalls.AT_EMPTY_PATH, change.address(), 32);
    }
}
