package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/** Calls on one open descriptor, whatever it is open on. Names are bytes: the kernel knows no character set. */
final class FdCalls {
    static final int AT_FDCWD = -100;
    static final int AT_SYMLINK_NOFOLLOW = 0x100;
    static final int AT_REMOVEDIR = 0x200;
    static final int AT_EMPTY_PATH = 0x1000;

    private static final long SYS_FCHMOD = 91;
    private static final long SYS_FCHOWN = 93;
    private static final long SYS_FSETXATTR = 190;
    private static final long SYS_FGETXATTR = 193;
    private static final long SYS_UTIMENSAT = 280;
    private static final long SYS_SYNCFS = 306;
    private static final long SYS_STATX = 332;

    private static final int ENODATA = 61;
    private static final long STATX_BASIC_STATS = 0x7ff;
    /** Linux's limit of one attribute's value, xattr(7). */
    private static final int XATTR_MAX = 65_536;

    private FdCalls() {}

    static void owner(int fd, String subject, int uid, int gid) {
        Syscall.check("fchown", subject, SYS_FCHOWN, fd, uid, gid);
    }

    static void mode(int fd, String subject, int mode) {
        Syscall.check("fchmod", subject, SYS_FCHMOD, fd, mode);
    }

    static void attribute(int fd, String subject, String name, byte[] value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment nameBytes = Syscall.path(arena, name);
            MemorySegment valueBytes = bytes(arena, value);
            Syscall.check(
                    "fsetxattr", subject, SYS_FSETXATTR, fd, nameBytes.address(), valueBytes.address(), value.length);
        }
    }

    static Optional<byte[]> attribute(int fd, String subject, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment nameBytes = Syscall.path(arena, name);
            MemorySegment value = arena.allocate(XATTR_MAX);
            long length = Syscall.raw(SYS_FGETXATTR, fd, nameBytes.address(), value.address(), XATTR_MAX);
            if (length == -ENODATA || length == -Errno.EOPNOTSUPP) {
                return Optional.empty();
            }
            if (length < 0) {
                throw new LinuxException("fgetxattr", (int) -length, subject);
            }
            return Optional.of(value.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    /** Sets both times of {@code name} in {@code directory}, or of the descriptor itself when name is empty. */
    static void times(int directory, byte[] name, String subject, FileTime time) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment both = arena.allocate(32, 8);
            for (int at = 0; at < 32; at += 16) {
                both.set(ValueLayout.JAVA_LONG, at, time.seconds());
                both.set(ValueLayout.JAVA_LONG, at + 8, time.nanos());
            }
            long path = name.length == 0 ? 0 : cString(arena, name).address();
            int flags = name.length == 0 ? 0 : AT_SYMLINK_NOFOLLOW;
            Syscall.check("utimensat", subject, SYS_UTIMENSAT, directory, path, both.address(), flags);
        }
    }

    /** Facts about {@code name} in {@code directory} without following a link; about the descriptor when name is empty. */
    static Optional<EntryStatus> status(int directory, byte[] name, String subject) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(256, 8);
            long path = cString(arena, name).address();
            long flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
            long answer = Syscall.raw(SYS_STATX, directory, path, flags, STATX_BASIC_STATS, result.address());
            if (answer == -Errno.ENOENT) {
                return Optional.empty();
            }
            if (answer < 0) {
                throw new LinuxException("statx", (int) -answer, subject);
            }
            return Optional.of(EntryStatus.of(result));
        }
    }

    static void syncFileSystem(int fd, String subject) {
        Syscall.check("syncfs", subject, SYS_SYNCFS, fd);
    }

    /** NUL-terminated copy; a NUL inside would silently shorten the name, so it is refused. */
    static MemorySegment cString(Arena arena, byte[] bytes) {
        for (byte b : bytes) {
            if (b == 0) {
                throw new IllegalArgumentException("a name holds a NUL byte");
            }
        }
        return bytes(arena, Arrays.copyOf(bytes, bytes.length + 1));
    }

    private static MemorySegment bytes(Arena arena, byte[] bytes) {
        MemorySegment segment = arena.allocate(Math.max(1, bytes.length));
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return segment;
    }
}
