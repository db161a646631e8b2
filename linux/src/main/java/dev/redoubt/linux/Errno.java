package dev.redoubt.linux;

import java.util.Map;

/** Error numbers of x86-64 and arm64 Linux (errno(3)) and their words. */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int E2BIG = 7;
    public static final int ENOEXEC = 8;
    public static final int EBADF = 9;
    public static final int ECHILD = 10;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int ETXTBSY = 26;
    public static final int EFBIG = 27;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int EPIPE = 32;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOSYS = 38;
    public static final int ENOTEMPTY = 39;
    public static final int ELOOP = 40;
    public static final int EOVERFLOW = 75;
    public static final int EMSGSIZE = 90;
    public static final int ENOPROTOOPT = 92;
    public static final int EPROTO = 71;
    public static final int EPROTONOSUPPORT = 93;
    public static final int EOPNOTSUPP = 95;
    public static final int EAFNOSUPPORT = 97;
    public static final int EADDRINUSE = 98;
    public static final int ENETUNREACH = 101;
    public static final int ECONNRESET = 104;
    public static final int ENOBUFS = 105;
    public static final int ENOTCONN = 107;
    public static final int ETIMEDOUT = 110;
    public static final int ECONNREFUSED = 111;
    public static final int EINPROGRESS = 115;
    public static final int EDQUOT = 122;

    private static final Map<Integer, String> WORDS = Map.ofEntries(
            Map.entry(EPERM, "EPERM (operation not permitted)"),
            Map.entry(ENOENT, "ENOENT (no such file or directory)"),
            Map.entry(ESRCH, "ESRCH (no such process)"),
            Map.entry(EINTR, "EINTR (interrupted)"),
            Map.entry(EIO, "EIO (input/output error)"),
            Map.entry(ENXIO, "ENXIO (no such device or address)"),
            Map.entry(E2BIG, "E2BIG (argument list too long)"),
            Map.entry(ENOEXEC, "ENOEXEC (exec format error)"),
            Map.entry(EBADF, "EBADF (bad file descriptor)"),
            Map.entry(ECHILD, "ECHILD (no child processes)"),
            Map.entry(EAGAIN, "EAGAIN (try again)"),
            Map.entry(ENOMEM, "ENOMEM (out of memory)"),
            Map.entry(EACCES, "EACCES (permission denied)"),
            Map.entry(EFAULT, "EFAULT (bad address)"),
            Map.entry(EBUSY, "EBUSY (device or resource busy)"),
            Map.entry(EEXIST, "EEXIST (file exists)"),
            Map.entry(EXDEV, "EXDEV (cross-device link)"),
            Map.entry(ENODEV, "ENODEV (no such device)"),
            Map.entry(ENOTDIR, "ENOTDIR (not a directory)"),
            Map.entry(EISDIR, "EISDIR (is a directory)"),
            Map.entry(EINVAL, "EINVAL (invalid argument)"),
            Map.entry(ENFILE, "ENFILE (too many open files in the system)"),
            Map.entry(EMFILE, "EMFILE (too many open files)"),
            Map.entry(ENOTTY, "ENOTTY (not a terminal)"),
            Map.entry(ETXTBSY, "ETXTBSY (text file busy)"),
            Map.entry(EFBIG, "EFBIG (file too large)"),
            Map.entry(ENOSPC, "ENOSPC (no space left on device)"),
            Map.entry(EROFS, "EROFS (read-only file system)"),
            Map.entry(EPIPE, "EPIPE (broken pipe)"),
            Map.entry(ENAMETOOLONG, "ENAMETOOLONG (file name too long)"),
            Map.entry(ENOSYS, "ENOSYS (not implemented by this kernel)"),
            Map.entry(ENOTEMPTY, "ENOTEMPTY (directory not empty)"),
            Map.entry(ELOOP, "ELOOP (symbolic link in the way)"),
            Map.entry(EOVERFLOW, "EOVERFLOW (value too large)"),
            Map.entry(EMSGSIZE, "EMSGSIZE (message too long)"),
            Map.entry(ENOPROTOOPT, "ENOPROTOOPT (no such socket option)"),
            Map.entry(EPROTO, "EPROTO (protocol error)"),
            Map.entry(EPROTONOSUPPORT, "EPROTONOSUPPORT (protocol not supported)"),
            Map.entry(EOPNOTSUPP, "EOPNOTSUPP (not supported)"),
            Map.entry(EAFNOSUPPORT, "EAFNOSUPPORT (address family not supported)"),
            Map.entry(EADDRINUSE, "EADDRINUSE (address in use)"),
            Map.entry(ENETUNREACH, "ENETUNREACH (network unreachable)"),
            Map.entry(ECONNRESET, "ECONNRESET (connection reset)"),
            Map.entry(ENOBUFS, "ENOBUFS (no buffer space)"),
            Map.entry(ENOTCONN, "ENOTCONN (not connected)"),
            Map.entry(ETIMEDOUT, "ETIMEDOUT (timed out)"),
            Map.entry(ECONNREFUSED, "ECONNREFUSED (connection refused)"),
            Map.entry(EINPROGRESS, "EINPROGRESS (in progress)"),
            Map.entry(EDQUOT, "EDQUOT (disk quota exceeded)"));

    private Errno() {}

    /** @return the name of a positive errno, or its number when it has no entry here */
    public static String name(int errno) {
        return describe(errno).split(" \\(", 2)[0];
    }

    /** @return the name and meaning of a positive errno, or its number when it has no entry here */
    public static String describe(int errno) {
        return WORDS.getOrDefault(errno, "errno " + errno);
    }
}
