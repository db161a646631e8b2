package dev.redoubt.protocol;

/** What a refused system call answers: errno(3) of x86-64 and arm64 Linux. */
public enum CallError {
    /** No program of a sandbox has a right to it. */
    EPERM(1),
    ENOENT(2),
    EACCES(13),
    EINVAL(22),
    ENOTTY(25),
    /** As a kernel without the call: programs fall back to an older one. */
    ENOSYS(38),
    ENOPROTOOPT(92),
    EPROTONOSUPPORT(93),
    EOPNOTSUPP(95),
    EAFNOSUPPORT(97);

    private final int number;

    CallError(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
