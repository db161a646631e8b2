package dev.redoubt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the kernel knows of seccomp(2). Filters are loaded by the spawner, never by this process. */
public final class Seccomp {
    public static final int RET_KILL_PROCESS = 0x8000_0000;
    public static final int RET_ERRNO = 0x0005_0000;
    public static final int RET_USER_NOTIF = 0x7fc0_0000;

    private static final int SECCOMP = 317;
    private static final int GET_ACTION_AVAIL = 2;

    private Seccomp() {}

    /** Whether filters may end in this action; false too where the kernel has no seccomp at all. */
    public static boolean hasAction(int action) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment word = arena.allocateFrom(ValueLayout.JAVA_INT, action);
            return Syscall.raw(SECCOMP, GET_ACTION_AVAIL, 0, word.address()) == 0;
        }
    }
}
