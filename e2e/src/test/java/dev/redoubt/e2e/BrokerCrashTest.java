package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** kill -9 of the daemon, and with it of the broker, while calls are asked about: they wait, and the next one answers. */
class BrokerCrashTest {
    private static final long SEED = Long.getLong("redoubt.seed", 4711);
    private static final int KILLS = Integer.getInteger("redoubt.broker.kills", 20);
    private static final String MOUNT = Place.NATIVES + ":/mnt:ro";
    private static final String PROBE = "/mnt/broker-probe";

    private static Process daemon(Cli cli) throws IOException {
        Process daemon = cli.start("node", "--slots", "1");
        String line = daemon.errorReader().readLine();
        assertThat(line).contains("node ready");
        return daemon;
    }

    @Test
    void callsWaitForTheNextBrokerAndGoOn() throws Exception {
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Process run = cli.start("run", "--mount", MOUNT, "--", PROBE, "steps", "100");
            BlockingQueue<String> lines = linesOf(run);
            int step = 0;
            for (int deaths = 0; deaths < 3; deaths++) {
                for (int until = step + 20; step < until; step++) {
                    assertThat(lines.poll(30, TimeUnit.SECONDS)).isEqualTo(step + " 1");
                }
                daemon.destroyForcibly().waitFor();
                // What was answered before may still come; then a call waits, for nobody is there to answer it.
                for (Optional<String> line = soon(lines); line.isPresent(); line = soon(lines)) {
                    assertThat(line).contains(step++ + " 1");
                }
                assertThat(step).isLessThan(100);
                daemon = daemon(cli);
            }
            for (; step < 100; step++) {
                assertThat(lines.poll(30, TimeUnit.SECONDS)).isEqualTo(step + " 1");
            }
            assertThat(run.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).isZero();
            end(daemon, place);
        }
    }

    private static Optional<String> soon(BlockingQueue<String> lines) throws InterruptedException {
        return Optional.ofNullable(lines.poll(1, TimeUnit.SECONDS));
    }

    private static BlockingQueue<String> linesOf(Process process) {
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread.ofPlatform().daemon().start(() -> process.inputReader().lines().forEach(lines::add));
        return lines;
    }

    /** A broker that dies between receiving a call and answering it takes no call along. */
    @Test
    void noCallIsLostHoweverOftenItDies() throws Exception {
        Random random = new Random(SEED);
        try (Place place = Place.make()) {
            Cli cli = new Cli(place);
            Process daemon = daemon(cli);
            Process run = cli.start(
                    "run",
                    "--mount",
                    MOUNT,
                    "--",
                    "sh",
                    "-c",
                    "echo up; for i in 1 2 3 4; do " + PROBE + " calls 10000 & done; wait");
            BlockingQueue<String> lines = linesOf(run);
            assertThat(lines.poll(60, TimeUnit.SECONDS)).isEqualTo("up");
            for (int deaths = 0; deaths < KILLS; deaths++) {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(80));
                daemon.destroyForcibly().waitFor();
                daemon = daemon(cli);
            }
            assertThat(run.waitFor(90, TimeUnit.SECONDS))
                    .as("a call was lost, seed %d", SEED)
                    .isTrue();
            assertThat(lines).containsExactly("10000", "10000", "10000", "10000");
            assertThat(run.exitValue()).isZero();
            end(daemon, place);
        }
    }

    private static void end(Process daemon, Place place) throws Exception {
        daemon.destroy();
        assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
        Place.until("nothing is left", 10, () -> place.leftovers().equals(Place.Leftovers.NONE));
    }
}
