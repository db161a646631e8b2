package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** Waits for the other end of a socket or a process to go away, without taking anything from it (poll(2)). */
public final class Hangup {
    private static final long SYS_POLL = 7;
    private static final short POLLIN = 1;

    private Hangup() {}

    /**
     * Waits for a socket's peer to close.
     *
     * @return whether it did within {@code limit}
     */
    public static boolean await(UnixSocket socket, Duration limit) {
        return poll(socket.fd(), (short) 0, limit);
    }

    /**
     * Waits for the process of a pidfd to end (pidfd_open(2)).
     *
     * @return whether it did within {@code limit}
     */
    public static boolean await(Fd pidfd, Duration limit) {
        return poll(pidfd.number(), POLLIN, limit);
    }

    private static boolean poll(int fd, short events, Duration limit) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4);
            poll.set(JAVA_INT, 0, fd);
            poll.set(JAVA_SHORT, 4, events);
            return Syscall.check("poll", "descriptor " + fd, SYS_POLL, poll.address(), 1, limit.toMillis()) != 0;
        }
    }
}
