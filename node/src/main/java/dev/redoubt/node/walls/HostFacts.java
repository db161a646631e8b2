package dev.redoubt.node.walls;

import dev.redoubt.linux.Landlock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the walls depend on and only the host can say. Read once when the node starts; none of it changes but by a boot
 * or a module.
 *
 * @param landlockAbi 0 when the kernel has none
 * @param processors the paragraphs of /proc/cpuinfo
 * @param procFiles names at the top of /proc that are files
 * @param procDirectories those that are directories, but not of processes
 */
public record HostFacts(
        int landlockAbi,
        Instant bootTime,
        List<String> processors,
        Set<String> procFiles,
        Set<String> procDirectories) {
    private static final Path PROC = Path.of("/proc");
    private static final String BOOT_TIME = "btime ";

    public HostFacts {
        processors = List.copyOf(processors);
        if (processors.isEmpty()) {
            throw new IllegalArgumentException("a host has a processor");
        }
        procFiles = Set.copyOf(procFiles);
        procDirectories = Set.copyOf(procDirectories);
    }

    public static HostFacts read() {
        try {
            Set<String> files = new TreeSet<>();
            Set<String> directories = new TreeSet<>();
            readNames(files, directories);
            return new HostFacts(Landlock.abi(), readBootTime(), readProcessors(), files, directories);
        } catch (IOException unreadable) {
            throw new UncheckedIOException("the host's /proc cannot be read", unreadable);
        }
    }

    private static void readNames(Set<String> files, Set<String> directories) throws IOException {
        try (DirectoryStream<Path> names = Files.newDirectoryStream(PROC)) {
            for (Path path : names) {
                String name = path.getFileName().toString();
                if (Character.isDigit(name.charAt(0)) || Files.isSymbolicLink(path)) {
                    continue;
                }
                (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) ? directories : files).add(name);
            }
        }
    }

    private static List<String> readProcessors() throws IOException {
        String cpuinfo = String.join("\n", Files.readAllLines(PROC.resolve("cpuinfo")));
        return List.of(cpuinfo.strip().split("\n\n", -1));
    }

    private static Instant readBootTime() throws IOException {
        return Files.readAllLines(PROC.resolve("stat")).stream()
                .filter(line -> line.startsWith(BOOT_TIME))
                .map(line -> Instant.ofEpochSecond(Long.parseLong(line.substring(BOOT_TIME.length()))))
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/stat has no btime"));
    }
}
