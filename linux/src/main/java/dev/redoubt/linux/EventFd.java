package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A bell that another thread's {@link Epoll} hears (eventfd(2)). */
public final class EventFd implements AutoCloseable {
    private static final long SYS_READ = 0;
    private static final long SYS_WRITE = 1;
    private static final long SYS_EVENTFD2 = 290;
    private static final long EFD_CLOEXEC = 0x80000;
    private static final long EFD_NONBLOCK = 0x800;
    private static final long EFD_SEMAPHORE = 1;

    private final Fd fd;

    private EventFd(Fd fd) {
        this.fd = fd;
    }

    public static EventFd create() {
        return of(0);
    }

    /** One that rings as often as it was rung: {@link #silence} takes a single ring, for one of several listeners. */
    public static EventFd counting() {
        return of(EFD_SEMAPHORE);
    }

    private static EventFd of(long kind) {
        return new EventFd(Fd.owned(Syscall.check("eventfd2", "", SYS_EVENTFD2, 0, EFD_CLOEXEC | EFD_NONBLOCK | kind)));
    }

    public Fd fd() {
        return fd;
    }

    /** Rings. Ringing twice before anybody listened is ringing once. */
    public void ring() {
        transfer("write", SYS_WRITE, 1);
    }

    /** Makes it silent again. @return whether it rang; of several listeners it may have been another who heard it */
    public boolean silence() {
        return transfer("read", SYS_READ, 0);
    }

    private boolean transfer(String name, long call, long value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_LONG);
            count.set(JAVA_LONG, 0, value);
            long result = Syscall.raw(call, fd.number(), count.address(), 8);
            // EAGAIN: silent already, or rung so often that the counter is full; both are what was asked for
            if (result < 0 && result != -Errno.EAGAIN) {
                throw new LinuxException(name, (int) -result, fd.toString());
            }
            return result > 0;
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
