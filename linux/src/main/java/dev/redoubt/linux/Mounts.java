package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Mounts by descriptor (fsopen(2) and its family): a mount that is attached nowhere has no path that anybody could race
 * for, is seen by nobody who was not handed the descriptor, and is gone with the last one.
 */
public final class Mounts {
    public static final int READ_ONLY = 0x01;
    public static final int NO_SUID = 0x02;
    public static final int NO_DEVICES = 0x04;
    public static final int NO_EXEC = 0x08;
    public static final int NO_ACCESS_TIME = 0x10;

    private static final int ID_MAPPED = 0x10_0000;
    private static final int FSOPEN_CLOEXEC = 1;
    private static final int FSMOUNT_CLOEXEC = 1;
    private static final int SET_FLAG = 0;
    private static final int SET_STRING = 1;
    private static final int CREATE = 6;
    private static final int AT_RECURSIVE = 0x8000;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    private static final int MNT_DETACH = 2;
    private static final int UMOUNT_NOFOLLOW = 8;

    private static final long READ = 0;
    private static final long UMOUNT2 = 166;
    private static final long MOVE_MOUNT = 429;
    private static final long FSOPEN = 430;
    private static final long FSCONFIG = 431;
    private static final long FSMOUNT = 432;
    private static final long MOUNT_SETATTR = 442;

    private Mounts() {}

    /**
     * Mounts a file system, attached nowhere.
     *
     * @param options in the order the file system wants them; an empty value is a flag
     * @param attributes the sum of {@link #NO_SUID} and so on
     * @throws LinuxException with what the file system itself had to say, where it said anything
     */
    public static Fd detached(String type, SequencedMap<String, String> options, int attributes) {
        try (Arena arena = Arena.ofConfined();
                Fd context = open(arena, type)) {
            for (Map.Entry<String, String> option : options.entrySet()) {
                configure(arena, context, type, option.getKey(), option.getValue());
            }
            check(context, type, CREATE, 0, 0);
            return Fd.owned(Syscall.check("fsmount", type, FSMOUNT, context.number(), FSMOUNT_CLOEXEC, attributes));
        }
    }

    private static Fd open(Arena arena, String type) {
        long name = Syscall.path(arena, type).address();
        return Fd.owned(Syscall.check("fsopen", type, FSOPEN, name, FSOPEN_CLOEXEC));
    }

    private static void configure(Arena arena, Fd context, String type, String key, String value) {
        long name = Syscall.path(arena, key).address();
        if (value.isEmpty()) {
            check(context, type + " " + key, SET_FLAG, name, 0);
        } else {
            check(
                    context,
                    type + " " + key,
                    SET_STRING,
                    name,
                    Syscall.path(arena, value).address());
        }
    }

    private static void check(Fd context, String subject, int command, long key, long value) {
        long result = Syscall.raw(FSCONFIG, context.number(), command, key, value, 0);
        if (result < 0) {
            throw new LinuxException("fsconfig", (int) -result, subject + messages(context));
        }
    }

    /** A file system context hands out what it logged, one line a read, until ENODATA. */
    private static String messages(Fd context) {
        StringBuilder all = new StringBuilder();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment line = arena.allocate(4096);
            while (true) {
                long length = Syscall.raw(READ, context.number(), line.address(), line.byteSize());
                if (length <= 0) {
                    return all.toString();
                }
                byte[] bytes = line.asSlice(0, length).toArray(JAVA_BYTE);
                all.append(" [")
                        .append(new String(bytes, StandardCharsets.UTF_8).strip())
                        .append(']');
            }
        }
    }

    /** Attaches a detached mount at an open directory. */
    public static void attach(Fd mount, Fd directory) {
        try (Arena arena = Arena.ofConfined()) {
            long empty = Syscall.path(arena, "").address();
            long flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
            Syscall.check(
                    "move_mount",
                    mount.toString(),
                    MOVE_MOUNT,
                    mount.number(),
                    empty,
                    directory.number(),
                    empty,
                    flags);
        }
    }

    /** Sets attributes of a detached mount and of everything below it. */
    public static void setAttributes(Fd mount, int attributes) {
        setAttributes(mount, attributes, 0);
    }

    /** Maps the ids of a detached mount by a user namespace (mount_setattr(2), MOUNT_ATTR_IDMAP). */
    public static void mapIds(Fd mount, Fd userNamespace) {
        setAttributes(mount, ID_MAPPED, userNamespace.number());
    }

    private static void setAttributes(Fd mount, int attributes, int userNamespace) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment set = arena.allocate(32, 8); // struct mount_attr
            set.set(JAVA_LONG, 0, attributes);
            set.set(JAVA_LONG, 24, userNamespace);
            long empty = Syscall.path(arena, "").address();
            long flags = LinuxFiles.AT_EMPTY_PATH | AT_RECURSIVE;
            Syscall.check(
                    "mount_setattr",
                    mount.toString(),
                    MOUNT_SETATTR,
                    mount.number(),
                    empty,
                    flags,
                    set.address(),
                    set.byteSize());
        }
    }

    /** Takes a mount off its path at once; it lives on for those who still use it (umount2(2), MNT_DETACH). */
    public static void unmount(String path) {
        try (Arena arena = Arena.ofConfined()) {
            long name = Syscall.path(arena, path).address();
            Syscall.check("umount", path, UMOUNT2, name, MNT_DETACH | UMOUNT_NOFOLLOW);
        }
    }
}
