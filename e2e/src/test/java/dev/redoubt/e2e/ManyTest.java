package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Many sandboxes, one after the other and at once: nothing grows that should not. */
class ManyTest {
    private static final int IN_A_ROW = Integer.getInteger("redoubt.soak.runs", 1000);
    private static final int AT_ONCE = 100;
    private static final int A_FEW_HUNDRED = 300;

    @Test
    void aThousandInARowLeakNothing() throws Exception {
        try (Place place = Place.make()) {
            try (Node node = place.open(place.settings().withReadySlots(4))) {
                for (int i = 0; i < 50; i++) {
                    once(node); // warm: pools are filled, classes loaded
                }
                Held before = Held.now(place);
                for (int i = 0; i < IN_A_ROW; i++) {
                    once(node);
                }
                Place.until("the disk pool settles", 20, () -> Held.now(place).isWithin(before));
            }
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    @Test
    void aHundredAtOnceAllAnswer() throws Exception {
        try (Place place = Place.make()) {
            try (Node node = place.open(place.settings())) {
                once(node);
                Held before = Held.now(place);
                answerAtOnce(node);
                Place.until(
                        "what a hundred took is given back",
                        20,
                        () -> Held.now(place).isWithin(before));
            }
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    private static void answerAtOnce(Node node) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                String number = Integer.toString(i);
                answers.add(threads.submit(() -> {
                    try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
                        return Jobs.run(sandbox, "1000", "echo", number).text();
                    }
                }));
            }
            for (int i = 0; i < AT_ONCE; i++) {
                assertThat(answers.get(i).get()).isEqualTo(i + "\n");
            }
        }
    }

    @Test
    void manyProcessesAtOnceShareOneDirectory() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            assertThat(cli.run("run", "--", "true").exit()).isZero();
            int many = Integer.getInteger("redoubt.soak.processes", 10);
            List<Process> all = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                all.add(cli.start("run", "--", "sh", "-c", "exit " + (i % 100)));
            }
            for (int i = 0; i < many; i++) {
                assertThat(all.get(i).waitFor())
                        .as(new String(
                                all.get(i).getErrorStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                        .isEqualTo(i % 100);
            }
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    private static void once(Node node) throws Exception {
        try (Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
            assertThat(Jobs.run(sandbox, "1000", "true").code()).isZero();
        }
    }

    /**
     * What a leak would make grow.
     *
     * @param heap bytes of this process, after a collection
     * @param namespaces of the kernel's, of the kinds that it counts
     */
    private record Held(
            long descriptors,
            long threads,
            long heap,
            long spawnerDescriptors,
            long spawnerKilobytes,
            long mounts,
            long groups,
            long disks,
            long namespaces) {
        static Held now(Place place) throws IOException {
            long spawner = spawner(place);
            System.gc();
            return new Held(
                    count(Path.of("/proc/self/fd")),
                    count(Path.of("/proc/self/task")),
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory(),
                    count(Path.of("/proc/" + spawner + "/fd")),
                    resident(spawner),
                    Files.readAllLines(Path.of("/proc/self/mountinfo")).size(),
                    Place.groupsOf("").size(),
                    place.disks().size(),
                    countNamespaces());
        }

        /** A little room: a slot may be half made, a disk not yet gone. */
        boolean isWithin(Held before) {
            return descriptors <= before.descriptors + 16
                    && threads <= before.threads + 16
                    && heap <= before.heap + (8 << 20)
                    && spawnerDescriptors <= before.spawnerDescriptors + 16
                    && spawnerKilobytes <= before.spawnerKilobytes + 512
                    && mounts <= before.mounts
                    && groups <= before.groups + 8
                    && disks <= before.disks + 8
                    && namespaces <= before.namespaces + A_FEW_HUNDRED;
        }

        /** Of slabinfo(5), which gives room back a page at a time and counts other sandboxes of this machine too. */
        private static long countNamespaces() throws IOException {
            return Files.readAllLines(Path.of("/proc/slabinfo")).stream()
                    .filter(line -> line.matches("(net|pid)_namespace .*"))
                    .mapToLong(line -> Long.parseLong(line.split(" +")[1]))
                    .sum();
        }

        private static long spawner(Place place) {
            try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
                return all.filter(process -> process.info()
                                .commandLine()
                                .orElse("")
                                .contains(place.run().toString()))
                        .filter(process ->
                                process.info().commandLine().orElse("").contains("redoubt-spawner"))
                        .findFirst()
                        .orElseThrow()
                        .pid();
            }
        }

        private static long count(Path directory) throws IOException {
            try (Stream<Path> entries = Files.list(directory)) {
                return entries.count();
            }
        }

        private static long resident(long pid) throws IOException {
            return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .map(line -> line.replaceAll("[^0-9]", ""))
                    .mapToLong(Long::parseLong)
                    .findFirst()
                    .orElseThrow();
        }
    }
}
