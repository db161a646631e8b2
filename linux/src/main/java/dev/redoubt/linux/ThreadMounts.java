package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A mount namespace for one platform thread, and mounts in it (mount_namespaces(7)).
 *
 * <p>What the thread mounts nobody else sees; processes that it starts inherit it; when the last of them is gone the
 * kernel takes the mounts down. So a killed JVM leaves none.
 */
public final class ThreadMounts {
    private static final long SYS_MOUNT = 165;
    private static final long SYS_UNSHARE = 272;
    private static final int CLONE_NEWNS = 0x20000;
    private static final int MS_REC_PRIVATE = 16_384 | 1 << 18;

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
    public static void memory(Path target, SequencedMap<String, String> options) {
        try (Fd mount = Mounts.detached("tmpfs", options, Mounts.NO_SUID | Mounts.NO_DEVICES)) {
            attach(mount, target);
        }
    }

    /** Shows {@code source} at {@code target} as it is, read-only. */
    public static void bindReadOnly(Path source, Path target) {
        bind(source, target, Mounts.READ_ONLY | Mounts.NO_SUID | Mounts.NO_DEVICES, Optional.empty());
    }

    /** Shows a device file at {@code target}. */
    public static void bindDevice(Path source, Path target) {
        bind(source, target, Mounts.NO_SUID, Optional.empty());
    }

    /** Read-only, and id N on disk is id N inside {@code owner}: root's private files are readable by its root. */
    public static void bindReadOnly(Path source, Path target, UserNamespace owner) {
        bind(source, target, Mounts.READ_ONLY | Mounts.NO_SUID | Mounts.NO_DEVICES, Optional.of(owner));
    }

    /** Writable, and what id N inside {@code owner} writes belongs to id N on disk. */
    public static void bindWritable(Path source, Path target, UserNamespace owner) {
        bind(source, target, Mounts.NO_SUID | Mounts.NO_DEVICES, Optional.of(owner));
    }

    private static void bind(Path source, Path target, int attributes, Optional<UserNamespace> owner) {
        try (Fd mount = MountTree.cloneOf(source.toString())) {
            Mounts.setAttributes(mount, attributes);
            owner.ifPresent(ids -> Mounts.mapIds(mount, ids.fd()));
            attach(mount, target);
        }
    }

    private static void attach(Fd mount, Path target) {
        try (Fd place = LinuxFiles.open(target.toString(), LinuxFiles.O_PATH)) {
            Mounts.attach(mount, place);
        }
    }
}
