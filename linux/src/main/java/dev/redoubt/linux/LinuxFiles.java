package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * File calls that java.nio cannot make: relative to a directory descriptor, with resolution rules, with locks.
 *
 * <p>Everything is opened close-on-exec, so that no descriptor reaches a program that was not meant to have it.
 */
public final class LinuxFiles {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0x40;
    public static final int O_EXCL = 0x80;
    public static final int O_TRUNC = 0x200;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_DIRECTORY = 0x1_0000;
    public static final int O_NOFOLLOW = 0x2_0000;
    public static final int O_PATH = 0x20_0000;

    /** openat2(2): no step of the path may leave the directory. */
    public static final int RESOLVE_BENEATH = 0x08;
    /** openat2(2): the directory is the root, as after chroot. */
    public static final int RESOLVE_IN_ROOT = 0x10;

    public static final int RESOLVE_NO_MAGICLINKS = 0x02;
    public static final int RESOLVE_NO_SYMLINKS = 0x04;
    public static final int RESOLVE_NO_XDEV = 0x01;

    static final int AT_FDCWD = -100;
    private static final String MOUNT = "mnt_id:";
    static final int AT_EMPTY_PATH = 0x1000;

    static final int O_CLOEXEC = 0x8_0000;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_REMOVEDIR = 0x200;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int STATX_BASIC_STATS = 0x7ff;

    private static final int MOST_TEXT = 65_536;
    private static final long READ = 0;
    private static final long WRITE = 1;
    private static final long FLOCK = 73;
    private static final long FTRUNCATE = 77;
    private static final long FSTATFS = 138;
    private static final long OPENAT = 257;
    private static final long MKDIRAT = 258;
    private static final long UNLINKAT = 263;
    private static final long SYMLINKAT = 266;
    private static final long FCHMODAT = 268;
    private static final long UTIMENSAT = 280;
    private static final long RENAMEAT2 = 316;
    private static final long SYNCFS = 306;
    private static final long STATX = 332;
    private static final long OPENAT2 = 437;

    private LinuxFiles() {}

    public static Fd open(String path, int flags) {
        return open(path, flags, 0);
    }

    /** open(2); {@code mode} counts only with {@link #O_CREAT}. */
    public static Fd open(String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            long name = Syscall.path(arena, path).address();
            return Fd.owned(Syscall.check("open", path, OPENAT, AT_FDCWD, name, flags | O_CLOEXEC, mode));
        }
    }

    /** openat(2): {@code name} relative to {@code directory}. */
    public static Fd openAt(Fd directory, String name, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            long path = Syscall.path(arena, name).address();
            return Fd.owned(Syscall.check("openat", name, OPENAT, directory.number(), path, flags | O_CLOEXEC, mode));
        }
    }

    /** openat2(2): like {@link #openAt}, under {@code RESOLVE_} rules that the kernel enforces on every step. */
    public static Fd openAt(Fd directory, String name, int flags, int mode, int resolve) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment how = arena.allocate(24, 8); // struct open_how
            how.set(JAVA_LONG, 0, flags | O_CLOEXEC);
            how.set(JAVA_LONG, 8, mode);
            how.set(JAVA_LONG, 16, resolve);
            long path = Syscall.path(arena, name).address();
            return Fd.owned(
                    Syscall.check("openat2", name, OPENAT2, directory.number(), path, how.address(), how.byteSize()));
        }
    }

    /** @return false when the name exists already: mkdir(2) is then the cheapest "did I win" between processes */
    public static boolean makeDirectory(String path, int mode) {
        return makeDirectory(AT_FDCWD, path, mode);
    }

    /** @return false when the name exists already */
    public static boolean makeDirectoryAt(Fd directory, String name, int mode) {
        return makeDirectory(directory.number(), name, mode);
    }

    private static boolean makeDirectory(int directory, String name, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            long path = Syscall.path(arena, name).address();
            return unless(Errno.EEXIST, "mkdir", name, Syscall.raw(MKDIRAT, directory, path, mode));
        }
    }

    /** @return false when there is no such directory */
    public static boolean removeDirectory(String path) {
        return unlink(AT_FDCWD, path, AT_REMOVEDIR, "rmdir");
    }

    /** @return false when there is no such directory */
    public static boolean removeDirectoryAt(Fd directory, String name) {
        return unlink(directory.number(), name, AT_REMOVEDIR, "rmdir");
    }

    /** Makes now the time of a file's last change (utimensat(2)). */
    public static void touch(String path) {
        try (Arena arena = Arena.ofConfined()) {
            Syscall.check(
                    "utimensat",
                    path,
                    UTIMENSAT,
                    AT_FDCWD,
                    Syscall.path(arena, path).address(),
                    0,
                    0);
        }
    }

    /** @return false when there is no such file */
    public static boolean removeFile(String path) {
        return unlink(AT_FDCWD, path, 0, "unlink");
    }

    /** @return false when there is no such file */
    public static boolean removeFileAt(Fd directory, String name) {
        return unlink(directory.number(), name, 0, "unlink");
    }

    private static boolean unlink(int directory, String name, int flags, String call) {
        try (Arena arena = Arena.ofConfined()) {
            long path = Syscall.path(arena, name).address();
            return unless(Errno.ENOENT, call, name, Syscall.raw(UNLINKAT, directory, path, flags));
        }
    }

    /** Makes a symbolic link, which appears at once and complete. @return false when the name is taken */
    public static boolean symlink(String target, String path) {
        try (Arena arena = Arena.ofConfined()) {
            long to = Syscall.path(arena, target).address();
            long at = Syscall.path(arena, path).address();
            return unless(Errno.EEXIST, "symlink", path, Syscall.raw(SYMLINKAT, to, AT_FDCWD, at));
        }
    }

    /** rename(2) inside one directory. */
    public static void renameAt(Fd directory, String from, String to) {
        try (Arena arena = Arena.ofConfined()) {
            long old = Syscall.path(arena, from).address();
            long name = Syscall.path(arena, to).address();
            Syscall.check(
                    "rename", from + " to " + to, RENAMEAT2, directory.number(), old, directory.number(), name, 0);
        }
    }

    /** Sets the permission bits of a name that is no symbolic link, past the umask (fchmodat(2)). */
    public static void changeModeAt(Fd directory, String name, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            long path = Syscall.path(arena, name).address();
            Syscall.check("fchmodat", name, FCHMODAT, directory.number(), path, mode);
        }
    }

    /** Sets a file's length; growing makes a hole (ftruncate(2)). */
    public static void truncate(Fd file, long length) {
        Syscall.check("ftruncate", file.toString(), FTRUNCATE, file.number(), length);
    }

    /** Writes all of the file system that {@code file} is on to its device (syncfs(2)). */
    public static void syncFileSystem(Fd file) {
        Syscall.check("syncfs", file.toString(), SYNCFS, file.number());
    }

    /**
     * Waits for the exclusive flock(2) of {@code file}. Blocks the carrier: platform threads only.
     *
     * <p>The lock belongs to the open file: it ends when the last duplicate of the descriptor is closed, in whatever
     * process that is, and no killed process leaves it behind.
     */
    public static void lock(Fd file) {
        Syscall.check("flock", file.toString(), FLOCK, file.number(), LOCK_EX);
    }

    /** @return false when somebody else holds it */
    public static boolean tryLock(Fd file) {
        return unless(Errno.EAGAIN, "flock", file.toString(), Syscall.raw(FLOCK, file.number(), LOCK_EX | LOCK_NB));
    }

    /** Writes {@code text} by one write(2): what files of cgroup and sysfs want. */
    public static void writeOnce(String path, String text) {
        try (Fd file = open(path, O_WRONLY)) {
            writeOnce(file, path, text);
        }
    }

    /** The same as {@link #writeOnce(String, String)} to an open one, where it is. */
    public static void writeOnce(Fd file, String text) {
        writeOnce(file, file.toString(), text);
    }

    private static void writeOnce(Fd file, String subject, String text) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment buffer = arena.allocate(Math.max(bytes.length, 1));
            MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
            Syscall.check("write", subject + " (" + text + ")", WRITE, file.number(), buffer.address(), bytes.length);
        }
    }

    /** Reads a small generated file (cgroup, sysfs, proc): at most 64 KiB, without the newline at the end. */
    public static String readOnce(String path) {
        try (Fd file = open(path, O_RDONLY)) {
            return readOnce(file, path);
        }
    }

    /** The same as {@link #readOnce(String)} of an open one, from where it is. */
    public static String readOnce(Fd file) {
        return readOnce(file, file.toString());
    }

    /** Reads a small text of ours, UTF-8: at most 64 KiB; bytes that are none come out as U+FFFD. */
    public static String text(String path) {
        try (Fd file = open(path, O_RDONLY)) {
            return text(file, path);
        }
    }

    private static String readOnce(Fd file, String subject) {
        return text(file, subject).stripTrailing();
    }

    private static String text(Fd file, String subject) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(4096);
            long length = 0;
            while (length < MOST_TEXT) {
                if (length == buffer.byteSize()) {
                    buffer = arena.allocate(2 * length).copyFrom(buffer);
                }
                long at = buffer.address() + length;
                long read = Syscall.check("read", subject, READ, file.number(), at, buffer.byteSize() - length);
                if (read == 0) {
                    break;
                }
                length += read;
            }
            byte[] bytes = buffer.asSlice(0, length).toArray(JAVA_BYTE);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** statx(2) of the name itself, a symbolic link included. */
    public static FileStatus status(String path) {
        return status(path, false);
    }

    /** statx(2) of what a name leads to, or of the name itself. */
    public static FileStatus status(String path, boolean follow) {
        return status(AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    }

    /** statx(2) of an open file. */
    public static FileStatus status(Fd file) {
        return status(file.number(), "", AT_EMPTY_PATH);
    }

    /** The number of the mount that an open file was reached by, in this process's time unique (proc_pid_fdinfo(5)). */
    public static long mountOf(Fd file) {
        String subject = "/proc/self/fdinfo/" + file.number();
        return readOnce(subject)
                .lines()
                .filter(line -> line.startsWith(MOUNT))
                .map(line -> Long.parseLong(line.substring(MOUNT.length()).strip()))
                .findFirst()
                .orElseThrow(() -> new LinuxException("read", Errno.EINVAL, subject));
    }

    private static FileStatus status(int directory, String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(256, 8); // struct statx
            long name = Syscall.path(arena, path).address();
            Syscall.check("statx", path, STATX, directory, name, flags, STATX_BASIC_STATS, answer.address());
            return new FileStatus(
                    Short.toUnsignedInt(answer.get(JAVA_SHORT, 28)),
                    answer.get(JAVA_INT, 20),
                    answer.get(JAVA_INT, 24),
                    answer.get(JAVA_LONG, 40),
                    answer.get(JAVA_LONG, 32),
                    new Device(answer.get(JAVA_INT, 128), answer.get(JAVA_INT, 132)),
                    new Device(answer.get(JAVA_INT, 136), answer.get(JAVA_INT, 140)));
        }
    }

    /** fstatfs(2) of the file system that {@code file} is on. */
    public static FileSystemSpace space(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(120, 8); // struct statfs
            Syscall.check("fstatfs", file.toString(), FSTATFS, file.number(), answer.address());
            long block = answer.get(JAVA_LONG, 8);
            return new FileSystemSpace(
                    answer.get(JAVA_LONG, 0),
                    Math.multiplyExact(block, answer.get(JAVA_LONG, 16)),
                    Math.multiplyExact(block, answer.get(JAVA_LONG, 32)),
                    answer.get(JAVA_LONG, 40),
                    answer.get(JAVA_LONG, 48));
        }
    }

    /** Whether the mount or the file system that {@code file} is on is read-only (fstatfs(2), ST_RDONLY). */
    public static boolean isReadOnly(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(120, 8); // struct statfs
            Syscall.check("fstatfs", file.toString(), FSTATFS, file.number(), answer.address());
            return (answer.get(JAVA_LONG, 80) & 1) != 0;
        }
    }

    private static boolean unless(int expected, String call, String subject, long result) {
        if (result >= 0) {
            return true;
        }
        if (result == -expected) {
            return false;
        }
        throw new LinuxException(call, (int) -result, subject);
    }
}
