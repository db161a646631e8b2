package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** SELinux's contexts of files (the extended attribute {@code security.selinux}); never of what a symbolic link leads to. */
public final class SecurityLabels {
    private static final long LSETXATTR = 189;
    private static final long LGETXATTR = 192;
    private static final String NAME = "security.selinux";
    private static final int MOST = 4096;

    private SecurityLabels() {}

    /** The context of a file, as SELinux has it. */
    public static String of(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(MOST);
            long length = Syscall.check(
                    "lgetxattr",
                    file.toString(),
                    LGETXATTR,
                    Syscall.path(arena, file.toString()).address(),
                    arena.allocateFrom(NAME).address(),
                    value.address(),
                    MOST);
            String context = new String(value.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
            return context.replace("\0", "");
        }
    }

    /**
     * Gives a directory and all that is in it a context. The directory last: that it has one says that all have.
     *
     * @throws LinuxException EINVAL for a context that the policy does not know, EOPNOTSUPP where files have none, EACCES
     */
    public static void setAll(Path directory, String context) {
        try (Stream<Path> all = Files.walk(directory)) {
            all.filter(file -> !file.equals(directory)).forEach(file -> set(file, context));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        set(directory, context);
    }

    private static void set(Path file, String context) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(context);
            Syscall.check(
                    "lsetxattr",
                    file.toString(),
                    LSETXATTR,
                    Syscall.path(arena, file.toString()).address(),
                    arena.allocateFrom(NAME).address(),
                    value.address(),
                    value.byteSize(),
                    0);
        }
    }
}
