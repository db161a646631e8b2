package dev.redoubt.bench;

import dev.redoubt.linux.MountInfo;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.cgroup.Cgroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * How much there is of everything that a sandbox is made of.
 *
 * @param counts by what it is, for people
 */
record Census(Map<String, Integer> counts) {
    Census {
        counts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(counts));
    }

    /** @param owners the journals whose control groups count; other processes may have sandboxes on this host too */
    static Census take(NodeSettings settings, Set<String> owners) throws IOException {
        Map<String, Integer> counts = new LinkedHashMap<>();
        counts.put("processes", (int) ProcessHandle.current().descendants().count());
        counts.put("mounts", MountInfo.ofThisProcess().size());
        counts.put("control groups", (int) Cgroups.detect().names().stream()
                .filter(name -> owners.contains(name.substring(0, Math.max(0, name.lastIndexOf('-')))))
                .count());
        counts.put("network namespaces", networkNamespaces());
        counts.put("descriptors", entries(Path.of("/proc/self/fd")));
        counts.put("files", files(settings.dataDirectory().resolve("node")) + files(settings.runDirectory()));
        return new Census(counts);
    }

    /** The journals that there are now, by their names. */
    static Set<String> owners(NodeSettings settings) throws IOException {
        Path directory = settings.dataDirectory().resolve("node/owners");
        Set<String> owners = new TreeSet<>();
        if (Files.isDirectory(directory)) {
            try (Stream<Path> all = Files.list(directory)) {
                all.forEach(owner -> owners.add(owner.getFileName().toString()));
            }
        }
        return owners;
    }

    /** How much more there is now; what has become less counts as none. */
    Map<String, Integer> moreIn(Census now) {
        Map<String, Integer> more = new LinkedHashMap<>();
        counts.forEach((what, count) -> more.put(what, Math.max(0, now.counts.getOrDefault(what, 0) - count)));
        return more;
    }

    /** All that a process is in or this one has open, by their inode numbers. Those of others count too. */
    private static int networkNamespaces() throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            processes
                    .filter(path -> path.getFileName().toString().matches("\\d+"))
                    .forEach(process -> target(process.resolve("ns/net"), names));
        }
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            descriptors.forEach(descriptor -> target(descriptor, names));
        }
        return names.size();
    }

    private static void target(Path link, Set<String> names) {
        try {
            String target = Files.readSymbolicLink(link).toString();
            if (target.startsWith("net:[")) {
                names.add(target);
            }
        } catch (IOException endedMeanwhile) {
            return;
        }
    }

    private static int entries(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return (int) all.count();
        }
    }

    /** Without the insides of layers, of which there are many and which no sandbox makes. */
    private static int files(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return 0;
        }
        int count = 0;
        try (Stream<Path> all = Files.list(directory)) {
            for (Path path : all.toList()) {
                count += path.endsWith("layers") ? 1 : 1 + files(path);
            }
        }
        return count;
    }
}
