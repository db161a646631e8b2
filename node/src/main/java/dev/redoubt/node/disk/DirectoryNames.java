package dev.redoubt.node.disk;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** The names in a directory of ours. Never used on a directory that a guest can write. */
final class DirectoryNames {
    private DirectoryNames() {}

    static Set<String> of(Path directory) {
        Set<String> names = new TreeSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
        } catch (IOException refused) {
            throw new DiskException("listing disks", refused);
        }
        return names;
    }
}
