package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.function.LongConsumer;

/**
 * Waits for many descriptors at once (epoll(7)), level-triggered.
 *
 * <p>Watching may be changed by any thread at any time; only one thread waits by {@link #await}.
 */
public final class Epoll implements AutoCloseable {
    public static final int READ = 1;
    public static final int WRITE = 4;
    /** With the others: told once, and not again before {@link #modify}. For when several threads wait. */
    public static final int ONCE = 1 << 30;
    /** Not to be asked for: it is always told. */
    public static final int HANG_UP = 16;

    private static final long SYS_EPOLL_WAIT = 232;
    private static final long SYS_EPOLL_CTL = 233;
    private static final long SYS_EPOLL_CREATE1 = 291;
    private static final long EPOLL_CLOEXEC = 0x80000;
    private static final int ADD = 1;
    private static final int REMOVE = 2;
    private static final int MODIFY = 3;
    private static final int EVENT = 12; // packed on x86-64: u32 events, u64 data
    private static final int MOST = 64;

    private final Fd fd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment events = arena.allocate((long) EVENT * MOST);

    private Epoll(Fd fd) {
        this.fd = fd;
    }

    /** A set that watches nothing yet. */
    public static Epoll create() {
        return new Epoll(Fd.owned(Syscall.check("epoll_create1", "", SYS_EPOLL_CREATE1, EPOLL_CLOEXEC)));
    }

    /** Starts watching; {@code interest} of 0 tells of hang-up alone; {@code token} is what {@link #await} hands out. Hang-up and error are always watched. */
    public void add(int descriptor, int interest, long token) {
        control(ADD, descriptor, interest, token);
    }

    public void modify(int descriptor, int interest, long token) {
        control(MODIFY, descriptor, interest, token);
    }

    public void remove(int descriptor) {
        control(REMOVE, descriptor, 0, 0);
    }

    /** What is ready of one watched thing. */
    @FunctionalInterface
    public interface Ready {
        /** @param events of {@link #READ}, {@link #WRITE}, {@link #HANG_UP} those that hold */
        void at(long token, int events);
    }

    /** Waits until something is ready and hands out the token of each thing that is; at most 64 at once. */
    public void await(LongConsumer ready) {
        await(-1, (token, events) -> ready.accept(token));
    }

    /** The same, but not for longer than {@code limit}, in whole milliseconds. @return false when nothing was ready */
    public boolean await(Duration limit, LongConsumer ready) {
        return await(limit.toMillis(), (token, events) -> ready.accept(token));
    }

    /**
     * Waits, and also says what is ready.
     *
     * @param milliseconds at most so long; -1 for ever
     * @return false when nothing was ready
     */
    public boolean await(long milliseconds, Ready ready) {
        long count = Syscall.check(
                "epoll_wait", fd.toString(), SYS_EPOLL_WAIT, fd.number(), events.address(), MOST, milliseconds);
        for (int i = 0; i < count; i++) {
            long at = (long) i * EVENT;
            ready.at(events.get(JAVA_LONG_UNALIGNED, at + 4), events.get(JAVA_INT_UNALIGNED, at));
        }
        return count > 0;
    }

    /** Waits for one thing; any number of threads may, and each gets another one. */
    public void awaitOne(Ready ready) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment event = local.allocate(EVENT);
            long count =
                    Syscall.check("epoll_wait", fd.toString(), SYS_EPOLL_WAIT, fd.number(), event.address(), 1, -1);
            if (count > 0) {
                ready.at(event.get(JAVA_LONG_UNALIGNED, 4), event.get(JAVA_INT_UNALIGNED, 0));
            }
        }
    }

    private void control(int operation, int descriptor, int interest, long token) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment event = local.allocate(EVENT);
            event.set(JAVA_INT_UNALIGNED, 0, interest);
            event.set(JAVA_LONG_UNALIGNED, 4, token);
            Syscall.check(
                    "epoll_ctl",
                    "descriptor " + descriptor,
                    SYS_EPOLL_CTL,
                    fd.number(),
                    operation,
                    descriptor,
                    event.address());
        }
    }

    @Override
    public void close() {
        fd.close();
        arena.close();
    }
}
