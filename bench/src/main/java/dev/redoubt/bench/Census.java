package dev.redoubt.bench;

import dev.redoubt.linux.MountInfo;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.cgroup.Cgroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How much of everything there is that a sandbox is made of, on this host and in this process.
 *
 * <p>Counted over the host, so somebody else's sandboxes that come or go meanwhile show too.
 */
record Census(Map<String, Integer> counts) {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long PAUSE_MILLIS = 100;

    Census {
        counts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(counts));
    }

    static Census take(NodeSettings settings) throws IOException {
        Map<String, Integer> counts = new LinkedHashMap<>();
        counts.put("processes", (int) ProcessHandle.current().descendants().count());
        counts.put("mounts", MountInfo.ofThisProcess().size());
        counts.put("control groups", Cgroups.detect().names().size());
        counts.put("network namespaces", networkNamespaces());
        counts.put("descriptors", entries(Path.of("/proc/self/fd")));
        counts.put("files", files(settings.dataDirectory().resolve("node")) + files(settings.runDirectory()));
        return new Census(counts);
    }

    /** What there is more of now. The kernel frees network namespaces some time after their end, so they are waited for. */
    Map<String, Integer> awaitSame(NodeSettings settings) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Map<String, Integer> more = moreThan(take(settings));
            boolean nothing = more.values().stream().allMatch(count -> count == 0);
            if (nothing || System.nanoTime() > deadline) {
                return more;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private Map<String, Integer> moreThan(Census now) {
        Map<String, Integer> more = new LinkedHashMap<>();
        counts.forEach((what, count) -> more.put(what, Math.max(0, now.counts.getOrDefault(what, 0) - count)));
        return more;
    }

    /** Objects of the kernel's cache for them: also those that no process is in any more. */
    private static int networkNamespaces() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/slabinfo"))) {
            return lines.filter(line -> line.startsWith("net_namespace "))
                    .map(line -> line.split("\\s+")[1])
                    .mapToInt(Integer::parseInt)
                    .sum();
        } catch (NoSuchFileException merged) {
            return 0;
        }
    }

    private static int entries(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return (int) all.count();
        }
    }

    /** Without the layers, of which there are many and which no sandbox makes. */
    private static int files(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return 0;
        }
        int count = 0;
        try (Stream<Path> all = Files.list(directory)) {
            for (Path path : all.toList()) {
                count++;
                if (Files.isDirectory(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)
                        && !path.endsWith("layers")) {
                    count += files(path);
                }
            }
        }
        return count;
    }
}
