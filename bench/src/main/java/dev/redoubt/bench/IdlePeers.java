package dev.redoubt.bench;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What idle containers of the others weigh: the kernel's part as ours is counted, and the private pages of every process of
 * the host that was not there before, their monitors included.
 *
 * <p>To be called before there are any of ours: on a host that has had thousands each new one weighs more (see README).
 */
final class IdlePeers {
    private static final List<String> SLEEP = List.of("/bin/sleep", "86400");
    private static final double KIB_PER_MB = 1024;

    private final Bench bench;
    private final Root root;
    private final int count;

    IdlePeers(Bench bench, Root root, int count) {
        this.bench = bench;
        this.root = root;
        this.count = count;
    }

    /** Notes what each of some of them weighs, and ends them. */
    void weigh() throws IOException, InterruptedException {
        for (OciRuntime runtime : bench.workbench().runtimes()) {
            bench.said().accept(count + " idle containers of " + runtime.name());
            try {
                weigh(runtime);
            } catch (PeerFailedException failed) {
                bench.turns().skip(runtime.name(), String.valueOf(failed.getMessage()));
            }
        }
        if (Programs.installed("bwrap")) {
            bench.said().accept(count + " idle sandboxes of bwrap");
            weighBubblewrap();
        }
    }

    private void weigh(OciRuntime runtime) throws IOException {
        Start start = Start.now();
        try {
            for (int i = 0; i < count; i++) {
                bench.workbench().start(runtime, bench.workbench().bundle(root.directory(), SLEEP));
            }
            Set<Long> stopwatches =
                    ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
            note(runtime.name(), start, stopwatches);
        } finally {
            bench.workbench().endContainers();
        }
    }

    private void weighBubblewrap() throws IOException, InterruptedException {
        Start start = Start.now();
        List<Process> running = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                // prints when it is up
                List<String> command = Bubblewrap.command(
                        root.directory(), List.of("/bin/sh", "-c", "echo up; exec " + String.join(" ", SLEEP)));
                Process one = new ProcessBuilder(command).start();
                running.add(one);
                if (one.getInputStream().read() < 0) {
                    bench.turns().skip("bwrap", "exit status " + one.waitFor());
                    return;
                }
            }
            note("bwrap", start, Set.of());
        } finally {
            for (Process one : running) {
                one.destroyForcibly().waitFor();
            }
        }
    }

    private void note(String name, Start start, Set<Long> notTheirs) throws IOException {
        double kernel = (MemoryFacts.read().ofTheKernel() - start.kernel()) / KIB_PER_MB / count;
        double processes = 0;
        for (long pid : pids()) {
            if (!start.pids().contains(pid) && !notTheirs.contains(pid)) {
                processes += privatePages(pid) / KIB_PER_MB / count;
            }
        }
        String each = ", each of " + count;
        bench.turns().note(name, "memory" + each, Unit.MEGABYTES, kernel + processes);
        bench.turns().note(name, "memory of the kernel" + each, Unit.MEGABYTES, kernel);
        bench.turns().note(name, "private memory of processes" + each, Unit.MEGABYTES, processes);
    }

    /** What there is before the first of them. */
    private record Start(Set<Long> pids, long kernel) {
        static Start now() throws IOException {
            return new Start(IdlePeers.pids(), MemoryFacts.read().ofTheKernel());
        }
    }

    private static Set<Long> pids() {
        return ProcessHandle.allProcesses().map(ProcessHandle::pid).collect(Collectors.toCollection(HashSet::new));
    }

    /** Nothing of one that has ended meanwhile, or of a thread of the kernel, which has no pages (ESRCH). */
    private static double privatePages(long pid) throws IOException {
        try {
            return Footprint.privatePages(pid);
        } catch (FileSystemException none) {
            return 0;
        }
    }
}
