package dev.redoubt.bench;

import dev.redoubt.node.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What sandboxes weigh, in KiB, added up from what can be told to be theirs.
 *
 * <p>The kernel's part is counted over the whole host, so nothing else should run. The rest is not: what other programs
 * take and give back meanwhile is more than all sandboxes together.
 *
 * @param kernel since the start, over the whole host
 * @param guests private pages of all guests, from a sample of them
 * @param node what this process and its spawner have grown by
 */
record Footprint(double kernel, double guests, double node) {
    private static final int SAMPLE = 50;
    private static final double KIB_PER_MB = 1024;

    /** What there is before the first sandbox. */
    record Start(MemoryFacts memory, long node) {
        static Start now() throws IOException {
            return new Start(MemoryFacts.read(), ofNode());
        }
    }

    static Footprint since(Start start, List<Sandbox> held) throws IOException {
        List<Sandbox> sample = held.subList(0, Math.min(held.size(), SAMPLE));
        long sampled = 0;
        for (Sandbox sandbox : sample) {
            sampled += ofGuest(sandbox);
        }
        return new Footprint(
                MemoryFacts.read().ofTheKernel() - start.memory().ofTheKernel(),
                (double) sampled * held.size() / sample.size(),
                ofNode() - start.node());
    }

    double megabytes() {
        return (kernel + guests + node) / KIB_PER_MB;
    }

    double kernelMegabytes() {
        return kernel / KIB_PER_MB;
    }

    double guestMegabytes() {
        return guests / KIB_PER_MB;
    }

    double nodeMegabytes() {
        return node / KIB_PER_MB;
    }

    /** The guest's pid is in its pidfd's description. */
    private static long ofGuest(Sandbox sandbox) throws IOException {
        Path description =
                Path.of("/proc/self/fdinfo", Integer.toString(sandbox.pidfd().number()));
        return privatePages(values(description, "Pid:"));
    }

    private static long ofNode() throws IOException {
        long sum = privatePages(ProcessHandle.current().pid());
        for (ProcessHandle child : ProcessHandle.current().children().toList()) {
            sum += privatePages(child.pid());
        }
        return sum;
    }

    /** Pages that no other process has (proc_pid_smaps(5)). */
    static long privatePages(long pid) throws IOException {
        return values(Path.of("/proc", Long.toString(pid), "smaps_rollup"), "Private_Clean:", "Private_Dirty:");
    }

    private static long values(Path file, String... names) throws IOException {
        long sum = 0;
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split("\\s+");
            sum += List.of(names).contains(fields[0]) ? Long.parseLong(fields[1]) : 0;
        }
        return sum;
    }
}
