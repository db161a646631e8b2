package dev.redoubt.linux;

/** What the kernel knows of landlock(7). Rules are applied by the spawner, never by this process. */
public final class Landlock {
    private static final int CREATE_RULESET = 444;
    private static final int VERSION = 1;

    private Landlock() {}

    /**
     * The version of the kernel's Landlock interface.
     *
     * @return 0 when the kernel was built without it or booted with it off
     */
    public static int abi() {
        long answer = Syscall.raw(CREATE_RULESET, 0, 0, VERSION);
        if (answer == -Errno.ENOSYS || answer == -Errno.EOPNOTSUPP) {
            return 0;
        }
        if (answer < 0) {
            throw new LinuxException("landlock_create_ruleset", (int) -answer, "version");
        }
        return (int) answer;
    }
}
