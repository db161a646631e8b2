package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A file without a name that lies in memory (memfd_create(2)). */
public final class MemoryFile {
    private static final long WRITE = 1;
    private static final long MEMFD_CREATE = 319;
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_NOEXEC_SEAL = 8;

    private MemoryFile() {}

    /** A file with this content, open for reading from its beginning. {@code label}: what /proc shows of it. */
    public static Fd readable(String label, byte[] content) {
        try (Arena arena = Arena.ofConfined();
                Fd file = Fd.owned(Syscall.check(
                        "memfd_create",
                        label,
                        MEMFD_CREATE,
                        Syscall.path(arena, label).address(),
                        MFD_CLOEXEC | MFD_NOEXEC_SEAL))) {
            MemorySegment bytes = arena.allocateFrom(JAVA_BYTE, content);
            for (long at = 0; at < content.length; ) {
                long from = bytes.address() + at;
                at += Syscall.check("write", label, WRITE, file.number(), from, content.length - at);
            }
            return LinuxFiles.open(file.path().toString(), LinuxFiles.O_RDONLY);
        }
    }
}
