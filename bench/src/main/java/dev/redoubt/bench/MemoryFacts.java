package dev.redoubt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/** The kernel's account of its memory, in KiB (proc_meminfo(5)). */
record MemoryFacts(Map<String, Long> kib) {
    MemoryFacts {
        kib = Map.copyOf(kib);
    }

    static MemoryFacts read() throws IOException {
        return new MemoryFacts(Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .map(line -> line.split(":?\\s+"))
                .collect(Collectors.toMap(fields -> fields[0], fields -> Long.parseLong(fields[1]))));
    }

    long total() {
        return of("MemTotal");
    }

    /** What new programs could use; falls by everything that anybody took, caches that can be dropped left out. */
    long available() {
        return of("MemAvailable");
    }

    /** Slab caches, page tables, kernel stacks, per-processor counters, and what is written to file systems in memory. */
    long ofTheKernel() {
        return of("Slab") + of("PageTables") + of("KernelStack") + of("Percpu") + of("Shmem");
    }

    private long of(String name) {
        return kib.getOrDefault(name, 0L); // older kernels count some of them elsewhere
    }
}
