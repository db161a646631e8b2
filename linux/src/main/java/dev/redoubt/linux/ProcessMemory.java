package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * The memory of another process (proc_pid_mem(5)).
 *
 * <p>By an open file and not by process_vm_readv(2), which takes a number: an open file stays the memory of whoever had
 * the number when it was opened, so it is enough to ask once, after opening, whether that was the right one.
 *
 * <p>Reading can take long: the other side may hold its address space, or a page may have to come from a slow disk.
 */
public final class ProcessMemory implements AutoCloseable {
    private static final long PREAD64 = 17;
    private static final long PWRITE64 = 18;
    private static final int PAGE = 4096;

    private final Fd fd;

    private ProcessMemory(Fd fd) {
        this.fd = fd;
    }

    /** @return empty when there is no such thread any more */
    public static Optional<ProcessMemory> open(int thread) {
        try {
            return Optional.of(new ProcessMemory(LinuxFiles.open("/proc/" + thread + "/mem", LinuxFiles.O_RDWR)));
        } catch (LinuxException gone) {
            if (gone.errno() == Errno.ENOENT || gone.errno() == Errno.ESRCH) {
                return Optional.empty();
            }
            throw gone;
        }
    }

    /**
     * Reads exactly so much.
     *
     * @throws LinuxException EFAULT when not all of it is memory that can be read
     */
    public byte[] read(long address, int length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(length, 1));
            for (int at = 0; at < length; ) {
                at += transfer("pread64", PREAD64, address + at, buffer.asSlice(at, length - at));
            }
            return buffer.asSlice(0, length).toArray(JAVA_BYTE);
        }
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
     * Reads the bytes before a NUL, page by page: the page behind the last one need not exist.
     *
     * @param most how many bytes are read before the NUL
     * @throws LinuxException EFAULT when the string runs into memory that cannot be read
     */
    public Text string(long address, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(PAGE);
            byte[] text = new byte[0];
            while (text.length <= most) {
                long from = address + text.length;
                int untilPageEnd = PAGE - (int) (from & (PAGE - 1));
                int count = transfer(
                        "pread64",
                        PREAD64,
                        from,
                        buffer.asSlice(0, Math.min(untilPageEnd, most + 1 - text.length)));
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

    /**
     * Writes all of it.
     *
     * @throws LinuxException EFAULT when it cannot be written; a part of it may have been
     */
    public void write(long address, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocateFrom(JAVA_BYTE, bytes);
            for (int at = 0; at < bytes.length; ) {
                at += transfer("pwrite64", PWRITE64, address + at, buffer.asSlice(at));
            }
        }
    }

    /** The kernel says EIO where the caller itself would have got EFAULT; nothing at all means that it has exited. */
    private int transfer(String name, long call, long address, MemorySegment buffer) {
        long result = Syscall.raw(call, fd.number(), buffer.address(), buffer.byteSize(), address);
        if (result == 0 || result == -Errno.EIO) {
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
