package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * The memory of another process.
 *
 * <p>It is read by the number of a thread (process_vm_readv(2)): whoever asks makes sure afterwards that the number was still
 * that thread's. It is written through an open file (proc_pid_mem(5)), which stays the memory of whoever had the number when
 * it was opened, so that can be made sure of before.
 *
 * <p>Either can take long: the other side may hold its address space, or a page may have to come from a slow disk.
 */
public final class ProcessMemory implements AutoCloseable {
    private static final long PWRITE64 = 18;
    private static final long PROCESS_VM_READV = 310;
    private static final int PAGE = 4096;
    private static final int FEW = 256;

    private final Fd fd;

    private ProcessMemory(Fd fd) {
        this.fd = fd;
    }

    /**
     * A string of another process.
     *
     * @param ended whether its NUL was found; else the bytes are only its beginning
     */
    public record Text(byte[] bytes, boolean ended) {
        public Text {
            bytes = bytes.clone();
        }

        @Override
        public byte[] bytes() {
            return bytes.clone();
        }
    }

    /**
     * Reads exactly so much.
     *
     * @throws LinuxException EFAULT when not all of it is memory that can be read, ESRCH when there is no such thread
     */
    public static byte[] read(int thread, long address, int length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(length, 1));
            for (int at = 0; at < length; ) {
                at += readSome(thread, address + at, buffer.asSlice(at, length - at));
            }
            return buffer.asSlice(0, length).toArray(JAVA_BYTE);
        }
    }

    /**
     * Reads the bytes before a NUL, never beyond the page in which that is: the next one need not exist.
     *
     * @param most how many bytes are read before the NUL
     * @throws LinuxException EFAULT when the string runs into memory that cannot be read, ESRCH as above
     */
    public static Text string(int thread, long address, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(PAGE);
            byte[] text = new byte[0];
            while (text.length <= most) {
                long from = address + text.length;
                int untilPageEnd = PAGE - (int) (from & (PAGE - 1));
                int wanted = Math.min(untilPageEnd, most + 1 - text.length);
                int count =
                        readSome(thread, from, buffer.asSlice(0, text.length == 0 ? Math.min(wanted, FEW) : wanted));
                int end = indexOfNul(buffer, count);
                int old = text.length;
                text = Arrays.copyOf(text, old + end);
                MemorySegment.copy(buffer, JAVA_BYTE, 0, text, old, end);
                if (end < count) {
                    return new Text(text, true);
                }
            }
            return new Text(Arrays.copyOf(text, most), false);
        }
    }

    private static int indexOfNul(MemorySegment buffer, int count) {
        for (int i = 0; i < count; i++) {
            if (buffer.get(JAVA_BYTE, i) == 0) {
                return i;
            }
        }
        return count;
    }

    private static int readSome(int thread, long address, MemorySegment into) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parts = arena.allocate(32, 8); // two of struct iovec: ours, theirs
            parts.set(JAVA_LONG, 0, into.address());
            parts.set(JAVA_LONG, 8, into.byteSize());
            parts.set(JAVA_LONG, 16, address);
            parts.set(JAVA_LONG, 24, into.byteSize());
            long ours = parts.address();
            return transferred(
                    "process_vm_readv", address, Syscall.raw(PROCESS_VM_READV, thread, ours, 1, ours + 16, 1, 0));
        }
    }

    /** To be written to. @return empty when there is no such thread any more */
    public static Optional<ProcessMemory> open(int thread) {
        try {
            return Optional.of(new ProcessMemory(LinuxFiles.open("/proc/" + thread + "/mem", LinuxFiles.O_WRONLY)));
        } catch (LinuxException gone) {
            if (gone.errno() == Errno.ENOENT || gone.errno() == Errno.ESRCH) {
                return Optional.empty();
            }
            throw gone;
        }
    }

    /**
     * Writes all of it.
     *
     * @throws LinuxException EFAULT when it cannot be written; a part of it may have been
     */
    public void write(long address, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocateFrom(JAVA_BYTE, bytes);
            for (int at = 0; at < bytes.length; ) {
                MemorySegment left = buffer.asSlice(at);
                long result = Syscall.raw(PWRITE64, fd.number(), left.address(), left.byteSize(), address + at);
                at += transferred("pwrite64", address, result);
            }
        }
    }

    /**
     * The kernel says EIO where the caller itself would have got EFAULT, and EINVAL of the upper half of addresses, which
     * are negative offsets; nothing at all means that it has exited.
     */
    private static int transferred(String name, long address, long result) {
        if (result == 0 || result == -Errno.EIO || result == -Errno.EINVAL) {
            throw new LinuxException(name, Errno.EFAULT, "address 0x" + Long.toHexString(address));
        }
        if (result < 0) {
            throw new LinuxException(name, (int) -result, "address 0x" + Long.toHexString(address));
        }
        return (int) result;
    }

    @Override
    public void close() {
        fd.close();
    }
}
