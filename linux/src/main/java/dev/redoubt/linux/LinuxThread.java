package dev.redoubt.linux;

/** A platform thread of this process as the kernel has it. */
public final class LinuxThread {
    private static final long GETTID = 186;

    private LinuxThread() {}

    /** The number of the calling thread (gettid(2)). */
    public static int self() {
        return (int) Syscall.raw(GETTID);
    }

    /**
     * Whether one waits for something in the kernel, so that no processor would bring it on (the state of proc_pid_stat(5)).
     * One that has ended waits for nothing.
     */
    public static boolean isBlocked(int thread) {
        String stat;
        try {
            stat = LinuxFiles.readOnce("/proc/self/task/" + thread + "/stat");
        } catch (LinuxException ended) {
            return false;
        }
        return "SD".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) >= 0; // its name may hold anything
    }
}
