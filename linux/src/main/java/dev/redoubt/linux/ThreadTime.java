package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The calling platform thread's time on the processors. */
public final class ThreadTime {
    private static final long SETPRIORITY = 141;
    private static final long CLOCK_GETTIME = 228;
    private static final long CLOCK_THREAD_CPUTIME_ID = 3;
    private static final long SECOND = 1_000_000_000L;

    private static final ThreadLocal<MemorySegment> TIME = new ThreadLocal<>() {
        @Override
        protected MemorySegment initialValue() {
            return Arena.ofAuto().allocate(2 * JAVA_LONG.byteSize(), JAVA_LONG.byteAlignment());
        }
    };

    private ThreadTime() {}

    /** How willingly it leaves them to others: 0 is usual, 19 only takes what nobody else wants (setpriority(2)). */
    public static void nice(int value) {
        Syscall.check("setpriority", "this thread", SETPRIORITY, 0, 0, value);
    }

    /** What it has had, of itself and in the kernel, in nanoseconds (clock_gettime(2)). */
    public static long nanos() {
        MemorySegment time = TIME.get();
        Syscall.check("clock_gettime", "this thread", CLOCK_GETTIME, CLOCK_THREAD_CPUTIME_ID, time.address());
        return time.get(JAVA_LONG, 0) * SECOND + time.get(JAVA_LONG, JAVA_LONG.byteSize());
    }
}
