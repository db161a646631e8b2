package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Opening what a stranger named, by bytes, without an exception for every name that does not exist. */
public final class StrangersPath {
    private static final long FCNTL = 72;
    private static final int F_SETFL = 4;
    private static final long OPENAT = 257;
    private static final long READLINKAT = 267;
    private static final long OPENAT2 = 437;
    private static final int PATH_MAX = 4096;

    private StrangersPath() {}

    /**
     * openat2(2).
     *
     * @param flags as the stranger gave them or as we need them; the file is closed on exec in any case
     * @param resolve {@code RESOLVE_} of {@link LinuxFiles}
     */
    public static Opened open(Fd directory, byte[] path, long flags, long mode, long resolve) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment how = arena.allocate(24, 8); // struct open_how
            how.set(JAVA_LONG, 0, flags | LinuxFiles.O_CLOEXEC);
            how.set(JAVA_LONG, 8, mode);
            how.set(JAVA_LONG, 16, resolve);
            long name = name(arena, path).address();
            return opened(Syscall.raw(OPENAT2, directory.number(), name, how.address(), how.byteSize()));
        }
    }

    /** Opens a file again that is only held (O_PATH), as open(2) would under its name. */
    public static Opened reopen(Fd file, long flags, long mode) {
        try (Arena arena = Arena.ofConfined()) {
            long name = link(arena, file).address();
            return opened(Syscall.raw(OPENAT, LinuxFiles.AT_FDCWD, name, flags | LinuxFiles.O_CLOEXEC, mode));
        }
    }

    /**
     * The same with the one capability that lets a process of another user namespace be looked at (ptrace(2)); for what
     * shows a caller to itself and nobody else.
     */
    public static Opened reopenAsTracer(Fd file, long flags, long mode) {
        ThreadUser.raise(ThreadUser.CAP_SYS_PTRACE);
        try {
            return reopen(file, flags, mode);
        } finally {
            ThreadUser.raise(0);
        }
    }

    /**
     * The same without ever waiting for somebody who holds a lease on the file (fcntl(2), F_SETLEASE): then it is EAGAIN.
     * The file itself does wait, as asked.
     */
    public static Opened reopenAtOnce(Fd file, long flags, long mode) {
        Opened opened = reopen(file, flags | LinuxFiles.O_NONBLOCK, mode);
        if (opened instanceof Opened.File(Fd fd) && (flags & LinuxFiles.O_NONBLOCK) == 0) {
            Syscall.check("fcntl", fd.toString(), FCNTL, fd.number(), F_SETFL, flags);
        }
        return opened;
    }

    private static Opened opened(long result) {
        return result < 0 ? new Opened.Failed((int) -result) : new Opened.File(Fd.owned(result));
    }

    /** The name of an open file in the mount namespace that it is of, from that one's root. */
    public static byte[] nameOf(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            return target(arena, LinuxFiles.AT_FDCWD, link(arena, file), file.toString());
        }
    }

    /** What a symbolic link that is held (O_PATH | O_NOFOLLOW) says. */
    public static byte[] targetOf(Fd link) {
        try (Arena arena = Arena.ofConfined()) {
            return target(arena, link.number(), arena.allocate(1), link.toString());
        }
    }

    private static byte[] target(Arena arena, int directory, MemorySegment name, String subject) {
        MemorySegment text = arena.allocate(PATH_MAX);
        long length = Syscall.check(
                "readlinkat", subject, READLINKAT, directory, name.address(), text.address(), text.byteSize());
        return text.asSlice(0, length).toArray(JAVA_BYTE);
    }

    private static MemorySegment link(Arena arena, Fd file) {
        return Syscall.path(arena, "/proc/self/fd/" + file.number());
    }

    private static MemorySegment name(Arena arena, byte[] path) {
        MemorySegment name = arena.allocate(path.length + 1L);
        MemorySegment.copy(path, 0, name, JAVA_BYTE, 0, path.length);
        return name;
    }
}
