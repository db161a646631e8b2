package dev.redoubt.node.driver;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.MountTree;
import dev.redoubt.node.launch.LaunchSpec.Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A program of the host with what it runs from: the directories of programs and libraries, and nothing else of the host.
 *
 * @param path absolute
 * @param directories of the host's root that are ones
 * @param links of the host's root, as /lib is one where programs and libraries are all below /usr
 */
public record HostProgram(Path path, List<Path> directories, List<Bundle.Link> links) {
    private static final List<Path> PLACES =
            List.of(Path.of("/usr/bin"), Path.of("/usr/sbin"), Path.of("/usr/local/bin"));
    private static final List<String> ROOTS = List.of("usr", "bin", "sbin", "lib", "lib64");

    public HostProgram {
        directories = List.copyOf(directories);
        links = List.copyOf(links);
    }

    /** The program of this name, where packages put programs; the caller's PATH has no say in what root runs. */
    public static Optional<HostProgram> find(String name) {
        return PLACES.stream()
                .map(place -> place.resolve(name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(HostProgram::at);
    }

    private static HostProgram at(Path path) {
        List<Path> directories = new ArrayList<>();
        List<Bundle.Link> links = new ArrayList<>();
        for (String name : ROOTS) {
            Path root = Path.of("/", name);
            if (Files.isSymbolicLink(root)) {
                links.add(new Bundle.Link(root.toString(), target(root)));
            } else if (Files.isDirectory(root)) {
                directories.add(root);
            }
        }
        return new HostProgram(path, directories, links);
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** What a launch is told of its directories. */
    List<Bundle.Tree> trees(int first) {
        List<Bundle.Tree> trees = new ArrayList<>();
        directories.forEach(directory -> trees.add(new Bundle.Tree(first + trees.size(), directory.toString())));
        return List.copyOf(trees);
    }

    /** Adds a detached mount of each directory, in the order of {@link #trees}; they are the caller's to close. */
    public void addTrees(List<Fd> mounts) {
        directories.forEach(directory -> mounts.add(MountTree.cloneOf(directory.toString())));
    }
}
