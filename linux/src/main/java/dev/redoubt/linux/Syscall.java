package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The one door into the kernel: libc's {@code syscall(2)} bound once.
 *
 * <p>One binding instead of one per function: each linked downcall costs milliseconds of JVM start, and every call here
 * has the same shape, six integers in, one out. Numbers are those of x86-64 (asm/unistd_64.h).
 *
 * <p>Package-private: other modules use the typed classes beside it.
 */
final class Syscall {
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SYSCALL = bind();

    /** Where errno is put, one for each thread: to make one for each call takes as long as a short call. */
    private static final ThreadLocal<MemorySegment> CAPTURED = new ThreadLocal<>() {
        @Override
        protected MemorySegment initialValue() {
            return Arena.ofAuto().allocate(STATE);
        }
    };

    private Syscall() {}

    private static MethodHandle bind() {
        Linker linker = Linker.nativeLinker();
        MemorySegment address = linker.defaultLookup().findOrThrow("syscall");
        FunctionDescriptor shape = FunctionDescriptor.of(
                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        return linker.downcallHandle(address, shape, Linker.Option.captureCallState("errno"));
    }

    /** @return the kernel's answer, or minus errno when it refused */
    static long raw(long number, long a, long b, long c, long d, long e, long f) {
        try {
            MemorySegment state = CAPTURED.get();
            long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e, f);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (RuntimeException | Error impossible) {
            throw impossible;
        } catch (Throwable impossible) {
            throw new AssertionError("a downcall declares no checked exception", impossible);
        }
    }

    static long raw(long number, long... args) {
        long[] six = new long[6];
        System.arraycopy(args, 0, six, 0, args.length);
        return raw(number, six[0], six[1], six[2], six[3], six[4], six[5]);
    }

    /**
     * Calls and checks, starting again after EINTR.
     *
     * @param name the call's name for the error
     * @param subject what it is done to, for the error
     * @throws LinuxException with the kernel's errno
     */
    static long check(String name, String subject, long number, long... args) {
        while (true) {
            long result = raw(number, args);
            if (result >= 0) {
                return result;
            }
            if (result != -Errno.EINTR) {
                throw new LinuxException(name, (int) -result, subject);
            }
        }
    }

    /** A NUL-terminated path in {@code arena}; bytes, not characters, so that no locale changes a name. */
    static MemorySegment path(Arena arena, String path) {
        byte[] bytes = path.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        MemorySegment segment = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return segment;
    }
}
