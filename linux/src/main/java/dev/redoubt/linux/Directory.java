package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * An open directory, and what can be done to the names in it.
 *
 * <p>Nothing here follows a symbolic link or leaves the directory: names are single components given to the {@code *at}
 * calls, and longer paths go through openat2(2) with {@code RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS}. So a tree that a
 * stranger wrote can be changed by root without a path ever being resolved by its text. Names are bytes.
 */
public final class Directory implements AutoCloseable {
    private static final long SYS_GETDENTS64 = 217;
    private static final long SYS_MKDIRAT = 258;
    private static final long SYS_MKNODAT = 259;
    private static final long SYS_FCHOWNAT = 260;
    private static final long SYS_UNLINKAT = 263;
    private static final long SYS_LINKAT = 265;
    private static final long SYS_SYMLINKAT = 266;
    private static final long SYS_RENAMEAT2 = 316;
    private static final long SYS_OPENAT2 = 437;

    private static final int O_WRONLY = 1;
    private static final int O_CREAT = 0100;
    private static final int O_EXCL = 0200;
    private static final int O_NONBLOCK = 04000;
    private static final int O_DIRECTORY = 0200000;
    private static final int O_NOFOLLOW = 0400000;
    private static final int O_CLOEXEC = 02000000;

    private static final long RESOLVE_NO_XDEV = 1;
    private static final long RESOLVE_NO_MAGICLINKS = 2;
    private static final long RESOLVE_NO_SYMLINKS = 4;
    private static final long RESOLVE_BENEATH = 8;
    private static final long INSIDE = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;

    private static final int S_IFIFO = 0010000;
    private static final int S_IFCHR = 0020000;
    private static final int RENAME_NOREPLACE = 1;
    private static final int ENTRIES_BUFFER = 32_768;

    private final Fd fd;
    private final String subject;

    private Directory(Fd fd, String subject) {
        this.fd = fd;
        this.subject = subject;
    }

    /** Opens by path, for paths that are ours: links on the way are followed, the last component must not be one. */
    public static Directory open(Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        Fd fd = openat2(FdCalls.AT_FDCWD, bytes, path.toString(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, 0);
        return new Directory(fd, path.toString());
    }

    /** Opens a directory below this one; {@code path} is relative and may have many components. */
    public Directory child(byte[] path) {
        String childSubject = subjectOf(path);
        Fd child = openat2(fd.number(), path, childSubject, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, INSIDE);
        return new Directory(child, childSubject);
    }

    /** The same directory once more, to be closed on its own. */
    public Directory again() {
        return child(new byte[] {'.'});
    }

    /** Makes a file that is not there yet, open for writing, readable by its owner only. */
    public OpenFile createFile(byte[] name) {
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        return new OpenFile(
                openat2(fd.number(), component(name), subjectOf(name), flags, 0600, INSIDE), subjectOf(name));
    }

    /**
     * Opens a regular file below this directory for reading. Links on the way and at the end are followed, but never out
     * of it, which the kernel sees to.
     */
    public FileInput openFile(byte[] path) {
        String fileSubject = subjectOf(path);
        long resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH;
        // O_NONBLOCK: opening a FIFO for reading would wait for its writer.
        Fd file = openat2(fd.number(), path, fileSubject, O_NONBLOCK | O_CLOEXEC, 0, resolve);
        EntryStatus status =
                FdCalls.status(file.number(), new byte[0], fileSubject).orElseThrow();
        if (status.type() != EntryStatus.Type.REGULAR) {
            file.close();
            throw new LinuxException("openat2", Errno.EINVAL, fileSubject);
        }
        return new FileInput(file, fileSubject);
    }

    /** Makes a directory that only its owner may enter, until {@link #mode} says otherwise. */
    public void makeDirectory(byte[] name) {
        try (Arena arena = Arena.ofConfined()) {
            Syscall.check("mkdirat", subjectOf(name), SYS_MKDIRAT, fd.number(), address(arena, name), 0700);
        }
    }

    /** Makes a symbolic link; {@code target} is data, nobody resolves it here. */
    public void makeSymlink(byte[] name, byte[] target) {
        try (Arena arena = Arena.ofConfined()) {
            long targetAddress = FdCalls.cString(arena, target).address();
            Syscall.check(
                    "symlinkat", subjectOf(name), SYS_SYMLINKAT, targetAddress, fd.number(), address(arena, name));
        }
    }

    /** Character device 0:0, overlayfs' "this name is gone". Needs no capability since Linux 5.8. */
    public void makeWhiteout(byte[] name) {
        node(name, S_IFCHR);
    }

    public void makeFifo(byte[] name, int mode) {
        node(name, S_IFIFO | mode);
    }

    private void node(byte[] name, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            Syscall.check("mknodat", subjectOf(name), SYS_MKNODAT, fd.number(), address(arena, name), mode, 0);
        }
    }

    /** Gives {@code existing} in {@code from} the further name {@code name} here; a symbolic link is not followed. */
    public void link(Directory from, byte[] existing, byte[] name) {
        try (Arena arena = Arena.ofConfined()) {
            long old = address(arena, existing);
            Syscall.check(
                    "linkat", subjectOf(name), SYS_LINKAT, from.fd.number(), old, fd.number(), address(arena, name), 0);
        }
    }

    public void removeFile(byte[] name) {
        unlink(name, 0);
    }

    public void removeEmptyDirectory(byte[] name) {
        unlink(name, FdCalls.AT_REMOVEDIR);
    }

    private void unlink(byte[] name, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            Syscall.check("unlinkat", subjectOf(name), SYS_UNLINKAT, fd.number(), address(arena, name), flags);
        }
    }

    /** Moves {@code name} to {@code newName} in {@code target}, which must not have it yet. */
    public void move(byte[] name, Directory target, byte[] newName) {
        try (Arena arena = Arena.ofConfined()) {
            long from = address(arena, name);
            long to = address(arena, newName);
            Syscall.check(
                    "renameat2",
                    target.subjectOf(newName),
                    SYS_RENAMEAT2,
                    fd.number(),
                    from,
                    target.fd.number(),
                    to,
                    RENAME_NOREPLACE);
        }
    }

    /** Facts about a name here, never about what it points to. */
    public Optional<EntryStatus> status(byte[] name) {
        return FdCalls.status(fd.number(), component(name), subjectOf(name));
    }

    /** Facts about this directory. */
    public EntryStatus status() {
        return FdCalls.status(fd.number(), new byte[0], subject).orElseThrow();
    }

    public void owner(byte[] name, int uid, int gid) {
        try (Arena arena = Arena.ofConfined()) {
            long path = address(arena, name);
            Syscall.check(
                    "fchownat",
                    subjectOf(name),
                    SYS_FCHOWNAT,
                    fd.number(),
                    path,
                    uid,
                    gid,
                    FdCalls.AT_SYMLINK_NOFOLLOW);
        }
    }

    public void times(byte[] name, FileTime time) {
        FdCalls.times(fd.number(), component(name), subjectOf(name), time);
    }

    public void owner(int uid, int gid) {
        FdCalls.owner(fd.number(), subject, uid, gid);
    }

    public void mode(int mode) {
        FdCalls.mode(fd.number(), subject, mode);
    }

    public void times(FileTime time) {
        FdCalls.times(fd.number(), new byte[0], subject, time);
    }

    public void attribute(String name, byte[] value) {
        FdCalls.attribute(fd.number(), subject, name, value);
    }

    public Optional<byte[]> attribute(String name) {
        return FdCalls.attribute(fd.number(), subject, name);
    }

    /** Waits until everything written to this file system so far is on the disk, syncfs(2). */
    public void syncFileSystem() {
        FdCalls.syncFileSystem(fd.number(), subject);
    }

    /** The names in this directory, without {@code .} and {@code ..}. Call it once per open directory. */
    public List<byte[]> names() {
        List<byte[]> names = new ArrayList<>();
        eachName(names::add);
        return names;
    }

    /** The same one after the other, for directories with more names than one would like to hold at once. */
    public void eachName(Consumer<byte[]> visitor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(ENTRIES_BUFFER, 8);
            while (true) {
                long filled = Syscall.check(
                        "getdents64", subject, SYS_GETDENTS64, fd.number(), buffer.address(), ENTRIES_BUFFER);
                if (filled == 0) {
                    return;
                }
                visit(buffer.asSlice(0, filled), visitor);
            }
        }
    }

    /** struct linux_dirent64: inode 8, offset 8, record length 2, type 1, name to a NUL. */
    private static void visit(MemorySegment entries, Consumer<byte[]> visitor) {
        long at = 0;
        while (at < entries.byteSize()) {
            int length = Short.toUnsignedInt(entries.get(ValueLayout.JAVA_SHORT, at + 16));
            byte[] name = untilNul(entries.asSlice(at + 19, length - 19L));
            if (!isDots(name)) {
                visitor.accept(name);
            }
            at += length;
        }
    }

    private static byte[] untilNul(MemorySegment field) {
        int end = 0;
        while (field.get(ValueLayout.JAVA_BYTE, end) != 0) {
            end++;
        }
        return field.asSlice(0, end).toArray(ValueLayout.JAVA_BYTE);
    }

    private static Fd openat2(int at, byte[] path, String subject, long flags, long mode, long resolve) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment how = arena.allocate(24, 8);
            how.set(ValueLayout.JAVA_LONG, 0, flags);
            how.set(ValueLayout.JAVA_LONG, 8, mode);
            how.set(ValueLayout.JAVA_LONG, 16, resolve);
            long pathAddress = FdCalls.cString(arena, path).address();
            return Fd.owned(Syscall.check("openat2", subject, SYS_OPENAT2, at, pathAddress, how.address(), 24));
        }
    }

    private static long address(Arena arena, byte[] name) {
        return FdCalls.cString(arena, component(name)).address();
    }

    /** A single name: the {@code *at} calls resolve anything longer, links on the way included. */
    private static byte[] component(byte[] name) {
        boolean slash = false;
        for (byte b : name) {
            slash |= b == '/';
        }
        if (name.length == 0 || slash || isDots(name)) {
            throw new IllegalArgumentException("not a single name");
        }
        return name;
    }

    private static boolean isDots(byte[] name) {
        return (name.length == 1 && name[0] == '.') || (name.length == 2 && name[0] == '.' && name[1] == '.');
    }

    private String subjectOf(byte[] name) {
        return subject + "/" + new String(name, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        fd.close();
    }
}
