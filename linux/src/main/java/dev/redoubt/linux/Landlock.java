package dev.redoubt.linux;

/** What the kernel knows of landlock(7). Rules are applied by the spawner, never by this process. */
public final class Landlock {
    private static final int CREATE_RULESET = 444;
    private static final int VERSION = 1;

    private static final long TCGETS = 0x5401;

    private Landlock() {}

    /**
     * Whether a device was opened by a process in a Landlock domain that withholds ioctl from it.
     *
     * <p>The kernel writes into each open file what the domain of its opener gives (landlock(7), LANDLOCK_ACCESS_FS_IOCTL_DEV), and
     * asks that of whoever uses the file. A process never leaves its domain, so the file is a witness of its opener's.
     *
     * @param device one that has no ioctl of its own, as the null device
     * @throws LinuxException when the answer is neither the kernel's nor Landlock's
     */
    public static boolean withholdsIoctl(Fd device) {
        long answer = Ioctl.raw(device, TCGETS, 0);
        if (answer == -Errno.EACCES || answer == -Errno.ENOTTY) {
            return answer == -Errno.EACCES;
        }
        throw new LinuxException("ioctl", (int) -Math.min(answer, -1), "a device that has none");
    }

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
