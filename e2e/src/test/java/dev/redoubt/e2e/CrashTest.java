package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Fd;
import dev.redoubt.node.Node;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** kill -9 of each process of ours, at random moments: nothing is left over, and what should run on runs on. */
class CrashTest {
    private static final long SEED = Long.getLong("redoubt.seed", 4711);
    /** Milliseconds; a disk that is busy for a moment must not make every wait of a test long. */
    private static final long LONGEST_IMPORT = 4_000;

    private static final int KILLS = Integer.getInteger("redoubt.soak.kills", 100);
    /** Lines of output between two deaths of a daemon. */
    private static final int MOST_BETWEEN = 60;

    private static final int DAEMONS = Integer.getInteger("redoubt.soak.daemons", 6);

    @Test
    void nothingIsLeftWhoeverIsKilled() throws Exception {
        Random random = new Random(SEED);
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            assertThat(cli.run("run", "--", "true").exit()).isZero();
            Path foreign = foreignGroup();
            try {
                Map<Whom, Integer> hit = new EnumMap<>(Whom.class);
                for (int i = 0; i < KILLS; i += 4) {
                    killSome(place, cli, random, hit);
                }
                assertThat(hit)
                        .as("who was killed how often, seed %d", SEED)
                        .hasSize(Whom.values().length)
                        .allSatisfy((_, times) -> assertThat(times).isGreaterThanOrEqualTo(KILLS / 10));
                // An owner that was killed before it was published might be one that just begins: it is swept when it
                // is
                // a minute old, which it is made here.
                place.ageOwners();
                try (Node node = Node.open(place.settings())) {
                    assertThat(node.adopted()).isEmpty(); // opening it sweeps
                }
                assertThat(place.leftovers()).as("seed %d", SEED).isEqualTo(Place.Leftovers.NONE);
                assertThat(foreign).as("somebody else's control group").isDirectory();
                assertThat(place.processes()).isEmpty();
            } finally {
                Files.delete(foreign);
            }
        }
    }

    /** A process of a run; a builder is a spawner's too, until it is the guest. */
    private enum Whom {
        RUN,
        SPAWNER,
        GUEST,
        JOB;

        Optional<ProcessHandle> find(Process run) {
            return Stream.concat(Stream.of(run.toHandle()), run.descendants())
                    .filter(one -> is(one, run))
                    .findFirst();
        }

        private boolean is(ProcessHandle process, Process run) {
            String name = CrashTest.name(process);
            return switch (this) {
                case RUN -> process.pid() == run.pid();
                case SPAWNER -> name.endsWith("redoubt-spawner");
                case GUEST -> name.equals("redoubt-guest");
                case JOB -> name.equals("sh");
            };
        }
    }

    /** Four runs at once, each with one of its processes killed, soon after there is one of the kind. */
    private static void killSome(Place place, Cli cli, Random random, Map<Whom, Integer> hit) throws Exception {
        List<Process> runs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            runs.add(cli.start("run", "--", "sh", "-c", "sleep 100 & wait"));
        }
        for (Process run : runs) {
            Whom wanted = Whom.values()[random.nextInt(Whom.values().length)];
            TimeUnit.MILLISECONDS.sleep(random.nextInt(wanted == Whom.RUN ? 600 : 50));
            Place.until("a " + wanted + " to kill", 20, () -> wanted.find(run).isPresent());
            TimeUnit.MILLISECONDS.sleep(random.nextInt(50));
            Place.until(
                    "the end of a " + wanted,
                    20,
                    () -> wanted.find(run).map(ProcessHandle::destroyForcibly).orElse(false));
            hit.merge(wanted, 1, Integer::sum);
        }
        for (Process run : runs) {
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).as("seed %d", SEED).isTrue();
            String errors = run.errorReader().readAllAsString();
            assertThat(run.exitValue())
                    .as("seed %d: %s", SEED, errors)
                    .isIn(128 + 9, 125); // killed, or what it runs in was while it was built
            assertThat(errors).as("seed %d", SEED).doesNotContain("\tat ");
        }
        Place.until("spawners end with their node", 10, () -> place.processes().isEmpty());
    }

    /** No node ever opens here: the next command that looks at images removes what is left. */
    @Test
    void anImportThatIsKilledIsGoneWithTheNextCommand() throws Exception {
        Random random = new Random(SEED);
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Path archive = manyFiles(place.file("files"));
            long begun = System.nanoTime();
            assertThat(cli.run("image", "import", "--name", "whole", archive.toString())
                            .exit())
                    .isZero();
            long whole = Math.min(LONGEST_IMPORT, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
            assertThat(place.leftovers()).as("of one that was not killed").isEqualTo(Place.Leftovers.NONE);
            assertThat(cli.run("image", "rm", "whole").exit()).isZero();
            ImportsLeft none = ImportsLeft.of(place);

            int interrupted = 0;
            for (int round = 0; round < 3; round++) {
                killTwoImports(place, cli, archive, random, whole);
                Place.until(
                        "spawners end with their import",
                        10,
                        () -> place.processes().isEmpty());
                interrupted += place.leftovers().groups().isEmpty() ? 0 : 1;
                place.ageOwners(); // as above

                Cli.Said listed = cli.run("image", "ls", "--json");
                assertThat(listed.exit()).isZero();
                assertThat(place.leftovers()).as("seed %d", SEED).isEqualTo(Place.Leftovers.NONE);
                assertThat(listed.out()).as("seed %d", SEED).isEqualToIgnoringNewLines("[]");
                assertThat(ImportsLeft.of(place)).as("seed %d", SEED).isEqualTo(none);
            }
            assertThat(interrupted)
                    .as("control: rounds that left control groups, seed %d", SEED)
                    .isPositive();
        }
    }

    /** One soon after it has begun to unpack, one at any time, but never as late as the end of a whole one. */
    private static void killTwoImports(Place place, Cli cli, Path archive, Random random, long whole) throws Exception {
        List<Process> imports = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            imports.add(cli.start("image", "import", "--name", "killed", archive.toString()));
        }
        Place.until("an import has begun", 20, () -> !place.leftovers().groups().isEmpty());
        for (Process one : imports) {
            TimeUnit.MILLISECONDS.sleep(random.nextLong(whole / 8));
            one.destroyForcibly().waitFor();
        }
    }

    private static Path manyFiles(Path directory) throws Exception {
        Files.createDirectory(directory);
        for (int i = 0; i < 5_000; i++) {
            Files.createFile(directory.resolve("file" + i));
        }
        Path archive = directory.resolveSibling("files.tar");
        Process tar = new ProcessBuilder("tar", "-cf", archive.toString(), "-C", directory.toString(), ".")
                .inheritIO()
                .start();
        assertThat(tar.waitFor()).isZero();
        return archive;
    }

    /** What only an import leaves, by name. */
    private record ImportsLeft(List<String> temporary, List<String> layers, List<String> mounts) {
        static ImportsLeft of(Place place) throws IOException {
            Path images = place.data().resolve("node/images");
            String root = place.file(".").normalize().toString();
            return new ImportsLeft(
                    Place.names(images.resolve("tmp")),
                    Place.names(images.resolve("layers")),
                    Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                            .filter(line -> line.contains(root))
                            .toList());
        }
    }

    @Test
    void aDaemonMayDieAtAnyMoment() throws Exception {
        Random random = new Random(SEED);
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            int lines = (DAEMONS + 1) * MOST_BETWEEN;
            Process run = cli.start(
                    "run",
                    "--",
                    "sh",
                    "-c",
                    "i=0; while [ $i -lt " + lines + " ]; do echo $i; i=$((i+1)); sleep 0.02; done; exit 42");
            BufferedReader out = run.inputReader();
            int expected = 0;
            for (int deaths = 0; deaths < DAEMONS; deaths++) {
                int until = expected + random.nextInt(MOST_BETWEEN);
                while (expected < until) {
                    assertThat(out.readLine()).as("seed %d", SEED).isEqualTo(Integer.toString(expected++));
                }
                daemon.destroyForcibly().waitFor();
                TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
                daemon = daemon(cli);
            }
            while (expected < lines) {
                assertThat(out.readLine()).as("seed %d", SEED).isEqualTo(Integer.toString(expected++));
            }
            assertThat(out.readLine()).isNull();
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).isEqualTo(42);
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the daemon's spawner ends", 10, () -> place.processes().isEmpty());
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** What the command did is known, even if nobody is left to take its sandbox away. */
    @Test
    void aCommandThatEndsWhileNoDaemonRunsHasItsExitCode() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Process run = cli.start("run", "--", "sh", "-c", "echo up; sleep 2; echo down; exit 7");
            BufferedReader out = run.inputReader();
            assertThat(out.readLine()).isEqualTo("up");
            daemon.destroyForcibly().waitFor();
            assertThat(out.readLine()).isEqualTo("down");
            assertThat(run.waitFor(40, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).isEqualTo(7);
            assertThat(run.errorReader().readAllAsString()).contains("the command has ended", "went away");
            place.spawners().forEach(ProcessHandle::destroyForcibly);
            Place.until("nothing of it runs", 10, () -> place.processes().isEmpty());
            assertThat(cli.run("image", "ls").exit())
                    .as("the next one that sweeps")
                    .isZero();
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** What a power failure leaves of a file that was being written. */
    @Test
    void aDamagedJournalStopsNobody() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            assertThat(cli.run("run", "--", "true").exit()).isZero();
            Path node = place.data().resolve("node");
            Path dead = Files.createDirectory(node.resolve("owners/0123456789abcdef"));
            Files.write(dead.resolve("lock"), new byte[64]);
            Files.write(node.resolve("daemon-owner"), new byte[16]);
            for (String[] command : new String[][] {{"image", "ls"}, {"run", "--", "true"}}) {
                Cli.Said said = cli.run(command);
                assertThat(said.exit()).as(said.errors()).isZero();
                assertThat(said.errors()).isEmpty();
            }
            assertThat(dead).doesNotExist();
            Process daemon = daemon(cli);
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the spawner ends", 10, () -> place.processes().isEmpty());
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** Whatever of the two directories it shares with the living one, which loses nothing that it has prepared. */
    @Test
    void aSecondDaemonIsRefusedAndTheFirstGoesOn() throws Exception {
        try (Place place = Place.make();
                Place other = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Place.until(
                    "slots are ready",
                    20,
                    () -> place.leftovers().ranges().size() == 2
                            && place.leftovers().disks().size() == 2);
            Place.Leftovers prepared = place.leftovers();

            Cli sameData = new Cli(place, Map.of("REDOUBT_RUN_DIR", other.run().toString()));
            Cli sameSocket =
                    new Cli(place, Map.of("REDOUBT_DATA_DIR", other.data().toString()));
            for (Cli second : List.of(cli, cli, sameData, sameSocket)) {
                Cli.Said said = second.run("node", "--slots", "2");
                assertThat(said.exit()).isEqualTo(1);
                assertThat(said.errors()).contains("CONFLICT", "a node daemon").doesNotContain("node ready");
            }
            assertThat(place.leftovers()).isEqualTo(prepared);
            for (int i = 0; i < 4; i++) {
                Cli.Said said = cli.run("run", "--", "echo", "on");
                assertThat(said.out()).as(said.errors()).isEqualTo("on\n");
            }
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the spawner ends", 10, () -> place.processes().isEmpty());
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
            assertThat(other.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    @Test
    void aClientThatDiesTakesItsSandboxAlong() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Process run = cli.start("run", "--", "sh", "-c", "echo up; sleep 1000");
            assertThat(run.inputReader().readLine()).isEqualTo("up");
            run.destroyForcibly().waitFor();
            Place.until(
                    "its image is let go",
                    10,
                    () -> place.leftovers().imageUses().isEmpty());
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the spawner ends", 10, () -> place.processes().isEmpty());
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    @Test
    void aDaemonWhoseSpawnerDiesSaysSoAndTheNextOneSweeps() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            List<Process> runs = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                runs.add(cli.start("run", "--", "sh", "-c", "echo up; sleep 1000"));
                assertThat(runs.get(i).inputReader().readLine()).isEqualTo("up");
            }
            ProcessHandle spawner = place.spawners().stream()
                    .filter(one -> one.parent().stream().noneMatch(place.spawners()::contains))
                    .findFirst()
                    .orElseThrow();
            Set<ProcessHandle> all = place.processes();
            assertThat(all.stream().map(CrashTest::name).filter("redoubt-guest"::equals))
                    .as("guests seen")
                    .hasSizeGreaterThanOrEqualTo(3);
            assertThat(all.stream().map(CrashTest::name).filter("sleep"::equals))
                    .as("jobs seen")
                    .hasSize(3);

            spawner.destroyForcibly();
            Place.until(
                    "guests and jobs end with the spawner",
                    1,
                    () -> all.stream().noneMatch(CrashTest::isRunning));
            Cli.Said next = cli.run("run", "--", "true");
            assertThat(next.exit()).isEqualTo(125);
            assertThat(next.errors()).contains("WALL_UNAVAILABLE", "spawner");
            for (Process run : runs) {
                assertThat(run.waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(run.exitValue()).isEqualTo(128 + 9);
            }
            daemon.toHandle().destroy(); // Process.destroy would close the streams too
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(daemon.errorReader().readAllAsString()).doesNotContain("\tat ");

            Process successor = daemon(cli);
            assertThat(cli.run("run", "--", "true").exit()).isZero();
            successor.destroy();
            assertThat(successor.waitFor(30, TimeUnit.SECONDS)).isTrue();
            Place.until("the spawner ends", 10, () -> place.processes().isEmpty());
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** Its own name for itself. */
    private static String name(ProcessHandle process) {
        return said(process, "cmdline").split("\0", 2)[0];
    }

    /** Neither gone nor only waiting to be collected by whoever inherited it. */
    private static boolean isRunning(ProcessHandle process) {
        String stat = said(process, "stat");
        return !stat.isEmpty() && "ZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) < 0;
    }

    /** What /proc says of it, nothing when it is gone. */
    private static String said(ProcessHandle process, String file) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid(), file));
        } catch (IOException gone) {
            return "";
        }
    }

    private static Process daemon(Cli cli) throws IOException {
        Process daemon = cli.start("node", "--slots", "2");
        String line = daemon.errorReader().readLine();
        assertThat(line).contains("node ready");
        return daemon;
    }

    /** A group that is not Redoubt's, beside Redoubt's. */
    private static Path foreignGroup() throws IOException {
        Path memory = Path.of("/sys/fs/cgroup/memory");
        Path parent = Files.isDirectory(memory) ? memory : Path.of("/sys/fs/cgroup");
        return Files.createDirectory(parent.resolve("not-redoubts-" + Fd.class.hashCode()));
    }
}
