package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * A system call that waits for an answer: struct seccomp_notif of linux/seccomp.h, in memory that its owner chose.
 *
 * <p>It is only what the registers held. Where an argument is a pointer, what it points to can change at any moment.
 */
public final class NotifiedCall {
    /** What the kernel writes; {@link SeccompListener} refuses a kernel that writes something else. */
    public static final int BYTES = 80;

    private final MemorySegment memory;

    /** A view of {@link #BYTES} bytes, aligned to 8. */
    public NotifiedCall(MemorySegment memory) {
        this.memory = memory.asSlice(0, BYTES, 8);
    }

    /** Names this call among those of its listener; 0 only where nothing has been received. */
    public long id() {
        return memory.get(JAVA_LONG, 0);
    }

    /** The calling thread, by its number in our pid namespace; 0 when it has none there. */
    public int thread() {
        return memory.get(JAVA_INT, 8);
    }

    public int number() {
        return memory.get(JAVA_INT, 16);
    }

    /** All six registers, whether the call has as many arguments or not. */
    public long[] arguments() {
        return memory.asSlice(32, 48).toArray(JAVA_LONG);
    }

    /** The kernel wants to write into zeroes. */
    void clear() {
        memory.fill((byte) 0);
    }

    long address() {
        return memory.address();
    }
}
