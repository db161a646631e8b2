package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The calling platform thread as another user: what it does to files meanwhile, the kernel allows or refuses as it would
 * to that user without any capability (credentials(7)).
 *
 * <p>The effective user is changed and not only the user for file access: an effective user other than 0 has no effective
 * capability, so nothing can be opened by CAP_DAC_OVERRIDE, CAP_SYS_PTRACE or any other that this process has, and the
 * opened file remembers nobody mightier. The saved user stays 0, which is the way back.
 *
 * <p>Only this thread changes: the calls are made past libc, which would change them all.
 */
public final class ThreadUser implements AutoCloseable {
    static final long CAP_SYS_PTRACE = 1 << 19;

    private static final long UMASK = 95;
    private static final long CAPGET = 125;
    private static final long CAPSET = 126;
    private static final int CAPABILITY_VERSION_3 = 0x20080522;
    private static final long SETGROUPS = 116;
    private static final long SETRESUID = 117;
    private static final long SETRESGID = 119;
    private static final long UNSHARE = 272;
    private static final long CLONE_FS = 0x200;
    private static final long UNCHANGED = -1;

    private final boolean hasGroups;

    private ThreadUser(boolean hasGroups) {
        this.hasGroups = hasGroups;
    }

    /** Gives the thread a umask and a working directory of its own and takes its groups, for the rest of its life. */
    public static void detach() {
        Syscall.check("unshare", "umask", UNSHARE, CLONE_FS);
        setGroups(new int[0]);
    }

    /** What files are made without, of a thread that was {@linkplain #detach detached}. */
    public static void umask(int bits) {
        Syscall.check("umask", "", UMASK, bits);
    }

    /**
     * Becomes somebody else, on a thread that was {@linkplain #detach detached}.
     *
     * @param uid not 0
     * @param groups supplementary ones
     */
    public static ThreadUser become(int uid, int gid, int[] groups) {
        if (uid == 0) {
            throw new IllegalArgumentException("to become root is to stay oneself");
        }
        ThreadUser user = new ThreadUser(groups.length > 0);
        try {
            if (user.hasGroups) {
                setGroups(groups);
            }
            Syscall.check("setresgid", "group " + gid, SETRESGID, UNCHANGED, gid, UNCHANGED);
            Syscall.check("setresuid", "user " + uid, SETRESUID, UNCHANGED, uid, UNCHANGED);
            return user;
        } catch (LinuxException refused) {
            user.close();
            throw refused;
        }
    }

    /** Is root again, in no group. Where that fails the thread ends: it must never do anything else as somebody else. */
    @Override
    public void close() {
        if (Syscall.raw(SETRESUID, UNCHANGED, 0, UNCHANGED) != 0
                || Syscall.raw(SETRESGID, UNCHANGED, 0, UNCHANGED) != 0) {
            throw new AssertionError("a thread cannot become root again, although its saved user is");
        }
        if (hasGroups) {
            setGroups(new int[0]);
        }
    }

    /** Makes these capabilities effective and no other; all are permitted as long as the way back to root is open. */
    static void raise(long capabilities) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(8, 4); // struct __user_cap_header_struct
            header.set(JAVA_INT, 0, CAPABILITY_VERSION_3);
            MemorySegment sets = arena.allocate(24, 4); // two of struct __user_cap_data_struct
            Syscall.check("capget", "", CAPGET, header.address(), sets.address());
            sets.set(JAVA_INT, 0, (int) capabilities);
            sets.set(JAVA_INT, 12, (int) (capabilities >>> 32));
            Syscall.check("capset", "", CAPSET, header.address(), sets.address());
        }
    }

    private static void setGroups(int[] groups) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = arena.allocateFrom(JAVA_INT, groups);
            Syscall.check("setgroups", groups.length + " groups", SETGROUPS, groups.length, list.address());
        }
    }
}
