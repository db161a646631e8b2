package dev.redoubt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What the numbers were measured on. Nothing in it names the machine itself. */
record Machine(String kernel, String processor, int cpus, long memoryMb, String cgroups, String java) {
    private static final int KIB_PER_MB = 1024;

    static Machine here() throws IOException {
        return new Machine(
                "Linux "
                        + Files.readString(Path.of("/proc/sys/kernel/osrelease"))
                                .strip(),
                modelName(),
                Runtime.getRuntime().availableProcessors(),
                MemoryFacts.read().total() / KIB_PER_MB,
                Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers")) ? "v2" : "v1",
                Runtime.version().toString());
    }

    private static String modelName() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch", "unknown"));
        }
    }
}
