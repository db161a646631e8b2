package dev.redoubt.node.walls.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How many descriptors of which kind a process has (proc_pid_fd(5)): {@code pipe} and {@code socket} without their numbers. */
record DescriptorKinds(SortedMap<String, Integer> counts) {
    static DescriptorKinds of(int pid) {
        SortedMap<String, Integer> counts = new TreeMap<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path link : links) {
                kind(link).ifPresent(kind -> counts.merge(kind, 1, Integer::sum));
            }
        } catch (DirectoryIteratorException broken) {
            throw new UncheckedIOException(broken.getCause());
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
        return new DescriptorKinds(counts);
    }

    /** Empty when it was closed meanwhile. */
    private static Optional<String> kind(Path link) throws IOException {
        try {
            String target = Files.readSymbolicLink(link).toString();
            return Optional.of(target.replaceFirst("^(pipe|socket):\\[[0-9]+\\]$", "$1"));
        } catch (NoSuchFileException closed) {
            return Optional.empty();
        }
    }

    String words() {
        return counts.entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
    }
}
