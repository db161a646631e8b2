package dev.redoubt.linux;

/** ioctl(2) with an error that says which request. */
final class Ioctl {
    private static final long IOCTL = 16;

    private Ioctl() {}

    static long check(String name, Fd fd, long request, long argument) {
        return Syscall.check(name, fd.toString(), IOCTL, fd.number(), request, argument);
    }

    static long raw(Fd fd, long request, long argument) {
        return Syscall.raw(IOCTL, fd.number(), request, argument);
    }

    /** {@code _IOC}: 1 = the caller writes, 2 = the caller reads, 3 = both (asm-generic/ioctl.h). */
    static long request(int direction, int type, int number, int size) {
        return (long) direction << 30 | (long) size << 16 | (long) type << 8 | number;
    }
}
