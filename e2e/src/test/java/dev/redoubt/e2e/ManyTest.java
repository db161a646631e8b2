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
            try (Node node = place.open(place.settings());
                    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
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
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
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

    /** What a leak would make grow. */
    private record Held(long descriptors, long spawnerDescriptors, long spawnerKilobytes, long mounts, long groups) {
        static Held now(Place place) throws IOException {
            long spawner = spawner(place);
            return new Held(
                    count(Path.of("/proc/self/fd")),
                    count(Path.of("/proc/" + spawner + "/fd")),
                    resident(spawner),
                    Files.readAllLines(Path.of("/proc/self/mountinfo")).size(),
                    Place.groupsOf("").size());
        }

        /** A little room: a slot may be half made, a disk not yet gone. */
        boolean isWithin(Held before) {
            return descriptors <= before.descriptors + 16
                    && spawnerDescriptors <= before.spawnerDescriptors + 16
                    && spawnerKilobytes <= before.spawnerKilobytes + 512
                    && mounts <= before.mounts
                    && groups <= before.groups + 8;
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
