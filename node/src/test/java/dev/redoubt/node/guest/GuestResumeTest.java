package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static dev.redoubt.node.guest.GuestFixture.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A node dies and another goes on: nothing of a job is lost, nothing comes twice. */
class GuestResumeTest {
    private static final int DEATHS = 100;

    private GuestFixture guest = GuestFixture.start();

    @AfterEach
    void stop() {
        guest.close();
    }

    /** What a node writes to its journal: bytes and how far they go. It survives the node. */
    private static final class Journal implements OutputSink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Random random;
        private long seq;

        Journal(Random random) {
            this.random = random;
        }

        @Override
        public synchronized void accept(GuestJob job, JobOutput output) {
            assertThat(output.seq()).isGreaterThan(seq);
            seq = output.seq();
            if (output instanceof JobOutput.Chunk chunk) {
                byte[] piece = new byte[chunk.bytes().remaining()];
                chunk.bytes().get(piece);
                bytes.writeBytes(piece);
            }
            // written, but the node may die before it tells the guest
            if (random.nextInt(3) == 0) {
                job.acknowledge(seq);
            }
        }

        synchronized long seq() {
            return seq;
        }

        synchronized String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    @Test
    void aHundredDeathsLoseAndRepeatNothing() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("deaths of the node: seed " + seed);
        Random random = new Random(seed);
        Journal journal = new Journal(random);
        int lines = 20_000;
        int rounds = 150;
        // longer than the deaths take, with pauses in which all was delivered and bursts in which nothing fits
        String script = "for i in $(seq " + rounds + "); do seq " + lines + "; sleep 0.01; done; echo end >&2";
        GuestJob job = guest.channel().run(sh(script), journal);
        int amidst = 0;
        int number = job.number();
        for (int death = 0; death < DEATHS; death++) {
            Thread.sleep(0, random.nextInt(999_999));
            job.acknowledge(Math.min(journal.seq(), job.delivered()));
            amidst += job.exit().isDone() ? 0 : 1;
            guest.nodeDies();
            GuestChannel next = guest.successor();
            job = next.resume(number, journal.seq(), journal);
            if (random.nextBoolean()) {
                await(next.ping()); // far enough to have received something
            }
        }
        GuestJob last = job;
        Eventually.holds(() -> {
            last.acknowledge(last.delivered());
            return last.exit().isDone();
        });
        assertThat(await(last.exit())).isInstanceOf(JobExit.Exited.class);
        last.close();
        StringBuilder expected = new StringBuilder();
        for (int round = 0; round < rounds; round++) {
            for (int i = 1; i <= lines; i++) {
                expected.append(i).append('\n');
            }
        }
        expected.append("end\n");
        assertThat(amidst).isGreaterThan(DEATHS / 2);
        assertThat(journal.text().contentEquals(expected))
                .as("every line once, in order")
                .isTrue();
        assertThat(await(guest.channel().list())).isEmpty();
    }

    @Test
    void jobsGoOnWhileNobodyListens() {
        GuestJob job = guest.channel().run(sh("echo before; sleep 0.3; echo after; exit 3"), (j, o) -> {});
        await(job.started());
        int number = job.number();
        guest.nodeDies();
        GuestChannel next = guest.successor();
        Eventually.holds(() -> await(next.list()).getFirst().exited());
        CollectedOutput output = new CollectedOutput(100);
        try (GuestJob again = next.resume(number, 0, output)) {
            assertThat(await(again.exit()))
                    .isInstanceOfSatisfying(
                            JobExit.Exited.class,
                            exit -> assertThat(exit.code()).isEqualTo(3));
        }
        assertThat(output.text()).isEqualTo("before\nafter\n");
        assertThat(next.run(sh("true"), (j, o) -> {}).number()).isGreaterThan(number);
    }

    @Test
    void inputGoesOnWhereItStopped() throws Exception {
        GuestJob job = guest.channel().run(sh("cat").withInput(), (ran, printed) -> {}); // acknowledges nothing
        job.write(ByteBuffer.wrap("one ".getBytes(StandardCharsets.UTF_8)));
        AtomicLong taken = new AtomicLong();
        Eventually.holds(() -> {
            taken.set(await(guest.channel().list()).getFirst().inputTaken());
            return taken.get() == 4;
        });
        guest.nodeDies();
        CollectedOutput output = new CollectedOutput(100);
        try (GuestJob again = guest.successor().resume(job.number(), 0, output)) {
            again.write(ByteBuffer.wrap("two".getBytes(StandardCharsets.UTF_8)));
            again.closeInput();
            assertThat(await(again.exit())).isInstanceOf(JobExit.Exited.class);
        }
        assertThat(output.text()).isEqualTo("one two");
    }

    /** A pipe holds 64 KiB and the guest as much beyond: the job has not seen most of it when the next node comes. */
    @Test
    void inputThatWaitsInTheGuestIsNeitherLostNorAMistake() throws Exception {
        GuestJob job = guest.channel().run(sh("sleep 1; exec cat").withInput(), (ran, printed) -> {});
        String first = "0123456789".repeat(10_000);
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                job.write(ByteBuffer.wrap(first.getBytes(StandardCharsets.UTF_8)));
            } catch (BrokenInputException | InterruptedException late) {
                throw new AssertionError(late);
            }
        });
        assertThat(writer.join(Duration.ofSeconds(10))).isTrue();
        guest.nodeDies();
        CollectedOutput output = new CollectedOutput(200_000);
        try (GuestJob again = guest.successor().resume(job.number(), 0, output)) {
            again.write(ByteBuffer.wrap("the rest".getBytes(StandardCharsets.UTF_8)));
            again.closeInput();
            assertThat(await(again.exit())).isInstanceOf(JobExit.Exited.class);
        }
        assertThat(output.text()).isEqualTo(first + "the rest");
    }

    @Test
    void aRequestThatWasCutOffIsListedAndCanBeDropped() {
        String word = "x".repeat(100_000);
        ByteBuffer all = RunRequest.exec("true", word).withUser("user").encode();
        guest.channel().send(new ToGuest.Run(77, all.slice(0, Frame.PAYLOAD), true));
        guest.nodeDies();
        GuestChannel next = guest.successor();
        JobState state = await(next.list()).getFirst();
        assertThat(state.job()).isEqualTo(77);
        assertThat(state.incomplete()).isTrue();
        next.discard(77);
        assertThat(await(next.list())).isEmpty();
    }

    @Test
    void resumingWhatIsNotThereIsRefused() {
        try (GuestJob job = guest.channel().resume(4711, 0, (j, o) -> {})) {
            assertThatThrownBy(() -> await(job.exit())).isInstanceOf(ResumeRefusedException.class);
        }
    }

    @Test
    void resumingBeforeWhatWasAcknowledgedIsRefused() {
        GuestJob job = guest.channel().run(sh("echo one; sleep 100"), (j, output) -> j.acknowledge(output.seq()));
        Eventually.holds(() -> await(guest.channel().list()).getFirst().acknowledged() == 2);
        guest.nodeDies();
        try (GuestJob again = guest.successor().resume(job.number(), 1, (j, o) -> {})) {
            assertThatThrownBy(() -> await(again.exit())).isInstanceOf(ResumeRefusedException.class);
        }
    }

    @Test
    void whenTheSandboxEndsEveryoneIsTold() {
        GuestJob job = guest.channel().run(sh("sleep 100"), (j, o) -> {});
        await(job.started());
        ProcessHandle.of(guest.guestPid()).orElseThrow().destroyForcibly();
        assertThat(job.exit())
                .failsWithin(java.time.Duration.ofSeconds(10))
                .withThrowableThat()
                .havingRootCause()
                .isInstanceOf(SandboxGoneException.class);
        assertThat(await(guest.channel().ended())).contains("ended");
        job.close(); // does nothing, quietly
    }
}
