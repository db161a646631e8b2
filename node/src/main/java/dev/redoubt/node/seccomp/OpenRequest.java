package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.NotifiedCall;
import dev.redoubt.linux.ProcessMemory;
import dev.redoubt.policy.calls.CallNumbers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What open(2), creat(2), openat(2) and openat2(2) ask for, in one form; read once, and never looked up again.
 *
 * @param directory what a relative path begins at; AT_FDCWD for the working directory
 * @param path its bytes, each a character (ISO 8859-1); not empty
 * @param flags only those that the kernel knows
 * @param mode of what is made
 * @param resolve RESOLVE_ of openat2(2)
 */
record OpenRequest(int directory, String path, int flags, int mode, long resolve) {
    static final int AT_FDCWD = -100;
    static final int O_ACCMODE = 3;
    static final int O_WRONLY = 1;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NOCTTY = 0x100;
    static final int O_TRUNC = 0x200;
    static final int O_NONBLOCK = 0x800;
    static final int O_DIRECTORY = 0x10000;
    static final int O_NOFOLLOW = 0x20000;
    static final int O_CLOEXEC = 0x80000;
    static final int O_PATH = 0x200000;
    static final int O_TMPFILE = 0x400000;

    private static final int KNOWN_FLAGS = 0x7fffc3;
    private static final int WITH_O_PATH = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    private static final int PERMISSIONS = 07777;
    private static final long KNOWN_RESOLVE = 0x3f;
    private static final int HOW = 24;
    private static final int PAGE = 4096;
    private static final int PATH_MAX = 4096;

    private static final int OPEN = CallNumbers.of("open");
    private static final int CREAT = CallNumbers.of("creat");
    private static final int OPENAT = CallNumbers.of("openat");
    private static final int OPENAT2 = CallNumbers.of("openat2");

    /** Which argument of the call is the path. */
    static int pathArgument(int number) {
        return number == OPEN || number == CREAT ? 0 : 1;
    }

    static boolean is(int number) {
        return number == OPEN || number == CREAT || number == OPENAT || number == OPENAT2;
    }

    /**
     * Reads the request out of the caller's memory.
     *
     * @throws LinuxException the errno that the kernel has for it
     */
    static OpenRequest read(NotifiedCall call) {
        long[] arguments = call.arguments();
        int number = call.number();
        int thread = call.thread();
        if (number == OPENAT2) {
            return readOpenat2(arguments, thread);
        }
        if (number == OPENAT) {
            return old((int) arguments[0], path(thread, arguments[1]), (int) arguments[2], (int) arguments[3]);
        }
        String path = path(thread, arguments[0]);
        return number == CREAT
                ? old(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, (int) arguments[1])
                : old(AT_FDCWD, path, (int) arguments[1], (int) arguments[2]);
    }

    /** These ignore what they do not know. */
    private static OpenRequest old(int directory, String path, int flags, int mode) {
        int known = flags & KNOWN_FLAGS;
        int meant = (known & O_PATH) != 0 ? known & WITH_O_PATH : known;
        boolean makes = (meant & (O_CREAT | O_TMPFILE)) != 0;
        return checked(new OpenRequest(directory, path, meant, makes ? mode & PERMISSIONS : 0, 0));
    }

    /** This one refuses what it does not know. */
    private static OpenRequest readOpenat2(long[] arguments, int thread) {
        long size = arguments[3];
        if (size < HOW) {
            throw invalid();
        }
        if (Long.compareUnsigned(size, PAGE) > 0) {
            throw new LinuxException("openat2", Errno.E2BIG, "struct open_how");
        }
        ByteBuffer how = ByteBuffer.wrap(ProcessMemory.read(thread, arguments[2], (int) size))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int i = HOW; i < size; i++) {
            if (how.get(i) != 0) {
                throw new LinuxException("openat2", Errno.E2BIG, "struct open_how");
            }
        }
        long flags = how.getLong(0);
        long mode = how.getLong(8);
        long resolve = how.getLong(16);
        boolean makes = (flags & (O_CREAT | O_TMPFILE)) != 0;
        if ((flags & ~KNOWN_FLAGS) != 0
                || (resolve & ~KNOWN_RESOLVE) != 0
                || (mode & ~PERMISSIONS) != 0
                || (mode != 0 && !makes)
                || ((flags & O_PATH) != 0 && (flags & ~WITH_O_PATH) != 0)) {
            throw invalid();
        }
        String path = path(thread, arguments[1]);
        return checked(new OpenRequest((int) arguments[0], path, (int) flags, (int) mode, resolve));
    }

    /** build_open_flags() of fs/open.c. */
    private static OpenRequest checked(OpenRequest request) {
        if ((request.has(O_CREAT) && request.has(O_DIRECTORY))
                || (request.has(O_TMPFILE) && (!request.has(O_DIRECTORY) || !request.writes()))) {
            throw invalid();
        }
        return request;
    }

    private static String path(int thread, long address) {
        ProcessMemory.Text text = ProcessMemory.string(thread, address, PATH_MAX - 1);
        if (!text.ended()) {
            throw new LinuxException("open", Errno.ENAMETOOLONG, "path without an end");
        }
        if (text.bytes().length == 0) {
            throw new LinuxException("open", Errno.ENOENT, "empty path");
        }
        return new String(text.bytes(), StandardCharsets.ISO_8859_1);
    }

    private static LinuxException invalid() {
        return new LinuxException("open", Errno.EINVAL, "flags");
    }

    /** The same with another path, which is relative. */
    OpenRequest from(String rest) {
        return new OpenRequest(directory, rest, flags, mode, resolve);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Whether it matters from which directory it is made. */
    boolean needsBase() {
        return !path.startsWith("/") || (resolve & (LinuxFiles.RESOLVE_BENEATH | LinuxFiles.RESOLVE_IN_ROOT)) != 0;
    }

    /** Whether it may make a file, for which the caller's umask counts. */
    boolean makes() {
        return has(O_CREAT | O_TMPFILE);
    }

    boolean writes() {
        return (flags & O_ACCMODE) != 0;
    }

    boolean reads() {
        return (flags & O_ACCMODE) != O_WRONLY;
    }

    byte[] pathBytes() {
        return bytes(path);
    }

    static byte[] bytes(String path) {
        return path.getBytes(StandardCharsets.ISO_8859_1);
    }
}
