package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static dev.redoubt.node.guest.GuestFixture.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Pipe;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Much data in both directions, fast and slow readers. */
class GuestStreamTest {
    private static final long GIB = 1L << 30;
    private static final int MIB = 1 << 20;
    private static final int MANY = 40;

    private GuestFixture guest = GuestFixture.start();

    @BeforeEach
    void ready() {
        await(guest.channel().ready());
    }

    @AfterEach
    void stop() {
        guest.close();
    }

    @Test
    void aGibibyteOfOutputNeedsNoMemory() {
        AtomicLong bytes = new AtomicLong();
        AtomicLong most = new AtomicLong();
        long start = System.nanoTime();
        try (GuestJob job = guest.channel().run(sh("head -c 1073741824 /dev/zero"), (j, output) -> {
            if (output instanceof JobOutput.Chunk chunk
                    && bytes.addAndGet(chunk.bytes().remaining()) % (64 * MIB) < 65_536) {
                most.accumulateAndGet(guest.residentKilobytes(), Math::max);
            }
            j.acknowledge(output.seq());
        })) {
            assertThat(await(job.exit())).isInstanceOf(JobExit.Exited.class);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("1 GiB of output: %.0f MB/s, guest at most %d KB%n", GIB / seconds / 1e6, most.get());
        assertThat(bytes.get()).isEqualTo(GIB);
        assertThat(most.get()).isLessThan(4 * 1024);
        // idle for a second, it holds nothing of all that
        Eventually.holds(() -> guest.residentKilobytes() < 256);
    }

    /** Streams that are lent go past the guest: no frame carries them, and what is lent is the job's alone. */
    @Test
    void lentStreamsAreTheJobsOwn() throws Exception {
        CollectedOutput printed = new CollectedOutput(1000);
        try (Pipe in = Pipe.open();
                Pipe out = Pipe.open();
                GuestJob job = guest.channel()
                        .run(
                                sh("echo complaint >&2; tr a b; ls /proc/self/fd"),
                                in.reading(),
                                out.writing(),
                                printed)) {
            try (OutputStream input = in.output()) {
                input.write("aaa\n".getBytes(StandardCharsets.US_ASCII));
            }

            // Its three streams and the directory that ls reads
            assertThat(out.input()).hasContent("bbb\n0\n1\n2\n3");
            assertThat(await(job.exit())).isInstanceOf(JobExit.Exited.class);
            assertThat(printed.text()).isEmpty();
            assertThat(printed.errors()).isEqualTo("complaint\n");
        }
    }

    @Test
    void lentStreamsBreakWhenTheSandboxEnds() throws Exception {
        try (Pipe in = Pipe.open();
                Pipe out = Pipe.open()) {
            GuestJob job = guest.channel().run(sh("sleep 300"), in.reading(), out.writing(), new CollectedOutput(10));
            await(job.started());
            guest.close();

            assertThat(out.input()).isEmpty();
            try (OutputStream input = in.output()) {
                Eventually.holds(() -> breaks(input));
            }
            assertThatThrownBy(() -> await(job.exit())).isInstanceOf(SandboxGoneException.class);
        } finally {
            guest = GuestFixture.start();
        }
    }

    /** A process that ends closes its descriptors one after the other. */
    private static boolean breaks(OutputStream pipe) {
        try {
            pipe.write(1);
            return false;
        } catch (IOException broken) {
            return String.valueOf(broken.getMessage()).contains("EPIPE");
        }
    }

    @Test
    void aHundredMegabytesOfInputArriveWhole() throws Exception {
        byte[] block = new byte[MIB];
        CRC32 sent = new CRC32();
        CollectedOutput output = new CollectedOutput(1000);
        try (GuestJob job =
                guest.channel().run(sh("gzip -1 | tail -c 8 | od -An -tx4").withInput(), output)) {
            for (int i = 0; i < 100; i++) {
                java.util.Arrays.fill(block, (byte) (i * 7));
                sent.update(block);
                job.write(ByteBuffer.wrap(block));
            }
            job.closeInput();
            assertThat(await(job.exit())).isInstanceOf(JobExit.Exited.class);
        }
        // the last eight bytes of a gzip file: CRC-32 and length (RFC 1952)
        assertThat(output.text().trim())
                .isEqualTo(HexFormat.of().toHexDigits((int) sent.getValue()) + " "
                        + HexFormat.of().toHexDigits(100 * MIB));
    }

    @Test
    void aJobThatReadsNothingMoreSaysSo() throws Exception {
        try (GuestJob job = guest.channel().run(sh("exec <&-; sleep 30").withInput(), (j, o) -> {})) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1000; i++) {
                            job.write(ByteBuffer.wrap(new byte[1000]));
                        }
                    })
                    .isInstanceOf(BrokenInputException.class);
        }
        try (GuestJob job = guest.channel().run(sh("sleep 30"), (j, o) -> {})) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1000; i++) {
                            job.write(ByteBuffer.wrap(new byte[1000]));
                        }
                    })
                    .isInstanceOf(BrokenInputException.class);
        }
    }

    @Test
    void nobodyWhoIsAcknowledgedLateFillsTheGuest() {
        AtomicLong bytes = new AtomicLong();
        try (GuestJob job =
                guest.channel().run(sh("head -c 20000000 /dev/zero"), (j, output) -> bytes.addAndGet(size(output)))) {
            Eventually.holds(() -> bytes.get() > 900_000);
            // silence: the job waits, and goes on only as acknowledgements come
            long before = settled(bytes);
            assertThat(before).isLessThanOrEqualTo(MIB);
            assertThat(guest.residentKilobytes()).isLessThan(3000);
            assertThat(job.exit().isDone()).isFalse();
            while (!job.exit().isDone()) {
                job.acknowledge(job.delivered());
            }
            assertThat(bytes.get()).isEqualTo(20_000_000);
        }
    }

    /** Bytes delivered once no more come for a while. */
    private static long settled(AtomicLong bytes) {
        AtomicLong last = new AtomicLong(-1);
        AtomicLong since = new AtomicLong(System.nanoTime());
        Eventually.holds(() -> {
            if (last.getAndSet(bytes.get()) != bytes.get()) {
                since.set(System.nanoTime());
            }
            return System.nanoTime() - since.get() > 200_000_000L;
        });
        return last.get();
    }

    private static long size(JobOutput output) {
        return output instanceof JobOutput.Chunk chunk ? chunk.bytes().remaining() : 0;
    }

    @Test
    void aBoundedJobNeverWaitsAndEveryMissingByteIsCounted() {
        AtomicLong bytes = new AtomicLong();
        AtomicLong missing = new AtomicLong();
        var request = sh("head -c 12345678 /dev/zero; head -c 1111 /dev/zero >&2; touch /tmp/done; sleep 0.3; echo end")
                .withBoundedOutput();
        GuestJob job = guest.channel().run(request, (j, output) -> {
            bytes.addAndGet(size(output));
            missing.addAndGet(output instanceof JobOutput.Truncated truncated ? truncated.bytes() : 0);
        });
        Eventually.holds(() -> guest.run("test -e /tmp/done").code() == 0); // though nobody acknowledged
        while (!job.exit().isDone()) {
            job.acknowledge(job.delivered());
        }
        await(job.exit());
        job.close();
        assertThat(missing.get()).isPositive();
        assertThat(bytes.get() + missing.get()).isEqualTo(12_345_678 + 1111 + 4);
    }

    @Test
    void singleBytesAreBoundedToo() {
        AtomicLong bytes = new AtomicLong();
        String script = "exec 3>&1; for i in $(seq 30000); do printf x; done";
        try (GuestJob job = guest.channel().run(sh(script), (j, output) -> bytes.addAndGet(size(output)))) {
            settled(bytes);
            assertThat(guest.residentKilobytes()).isLessThan(2500);
            while (!job.exit().isDone()) {
                job.acknowledge(job.delivered());
            }
            assertThat(bytes.get()).isEqualTo(30_000);
        }
    }

    @Test
    void aSlowJobDoesNotHoldUpAFastOne() {
        try (GuestJob slow = guest.channel().run(sh("yes"), (j, o) -> {});
                GuestJob silent = guest.channel().run(sh("sleep 100").withInput(), (j, o) -> {})) {
            await(slow.started());
            await(silent.started());
            for (int i = 0; i < 50; i++) {
                assertThat(guest.run("echo " + i).text()).isEqualTo(i + "\n");
            }
        }
    }

    /** 40 that print for ever and are never acknowledged: one bound for all of them, and others get on. */
    @Test
    void manyUnreadJobsShareOneBound() {
        AtomicLong bytes = new AtomicLong();
        List<GuestJob> jobs = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            jobs.add(
                    guest.channel().run(sh("head -c 2000000 /dev/zero"), (j, output) -> bytes.addAndGet(size(output))));
        }
        jobs.forEach(job -> await(job.started()));
        long kept = settled(bytes);
        assertThat(kept).isBetween(2L * MIB, 4L * MIB + MANY * 8192);
        assertThat(guest.residentKilobytes()).isLessThan(8 * 1024);

        assertThat(guest.run("head -c 3000000 /dev/zero | tr '\\0' x").text()).hasSize(1 << 20);
        // also while another sandbox is so loud that it is never quiet
        try (GuestFixture other = GuestFixture.start()) {
            GuestChannel beside = other.successorIn(guest);
            try (GuestJob loud = beside.run(sh("yes"), (j, output) -> j.acknowledge(output.seq()))) {
                await(loud.started());
                assertThat(guest.run("head -c 3000000 /dev/zero").code()).isZero();
            }
        }

        while (jobs.stream().anyMatch(job -> !job.exit().isDone())) {
            jobs.forEach(job -> job.acknowledge(job.delivered()));
        }
        assertThat(bytes.get()).isEqualTo(MANY * 2_000_000L);
        jobs.forEach(GuestJob::close);
    }

    @Test
    void mergedOutputKeepsItsOrder() {
        var ended = guest.run(
                sh("for i in 1 2 3; do echo out $i; echo err $i >&2; done").withMergedOutput());
        assertThat(ended.text()).isEqualTo("out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
        assertThat(ended.output().errors()).isEmpty();
    }

    @Test
    void aTerminalIsOne() throws Exception {
        CollectedOutput output = new CollectedOutput(10_000);
        var request = sh("tty; stty size; ls -l $(tty) | cut -d' ' -f1,3; trap 'echo got INT' INT; read line; "
                        + "echo \"<$line>\"; cat > /dev/null; echo eof; while [ \"$(stty size)\" != '50 132' ]; do sleep 0.02; done; "
                        + "stty size; echo ready; sleep 30; echo over")
                .withTerminal(new TerminalSize(24, 80));
        try (GuestJob job = guest.channel().run(request, output)) {
            job.write(ByteBuffer.wrap("hello\n".getBytes(StandardCharsets.UTF_8)));
            Eventually.holds(() -> output.text().contains("<hello>"));
            job.write(ByteBuffer.wrap(new byte[] {4})); // Ctrl-D
            Eventually.holds(() -> output.text().contains("eof"));
            job.resize(new TerminalSize(50, 132));
            Eventually.holds(() -> output.text().contains("ready"));
            job.write(ByteBuffer.wrap(new byte[] {3})); // Ctrl-C
            var exit = await(job.exit());
            assertThat(exit).isInstanceOf(JobExit.Exited.class);
        }
        assertThat(output.text().replace("\r", "").lines())
                .containsSubsequence("/dev/pts/0", "24 80", "crw--w---- user", "<hello>", "eof", "50 132", "ready")
                .contains("^Cgot INT", "over");
        assertThat(output.errors()).isEmpty();
    }

    @Test
    void aResizeBeforeThereIsATerminalIsKept() {
        CollectedOutput output = new CollectedOutput(1000);
        try (GuestJob job = guest.channel()
                .run(
                        sh("for i in $(seq 100); do test \"$(stty size)\" = '7 9' && exit; sleep 0.05; done; exit 1")
                                .withTerminal(new TerminalSize(1, 1)),
                        output)) {
            job.resize(new TerminalSize(7, 9));
            assertThat(await(job.exit()))
                    .isInstanceOfSatisfying(
                            JobExit.Exited.class,
                            exit -> assertThat(exit.code()).isZero());
        }
    }

    @Test
    void theEndOfInputReachesATerminal() throws Exception {
        CollectedOutput output = new CollectedOutput(1000);
        try (GuestJob job =
                guest.channel().run(sh("cat > /tmp/got; cat /tmp/got").withTerminal(new TerminalSize(5, 5)), output)) {
            job.write(ByteBuffer.wrap("typed\n".getBytes(StandardCharsets.UTF_8)));
            job.closeInput();
            assertThat(await(job.exit())).isInstanceOf(JobExit.Exited.class);
        }
        assertThat(output.text()).isEqualTo("typed\r\ntyped\r\n");
    }

    @Test
    void whatATerminalsBackgroundJobHoldsOpenDoesNotDelayTheEnd() {
        var ended = guest.run(sh("echo now; (trap '' HUP; sleep 30) & exit 6").withTerminal(new TerminalSize(5, 5)));
        assertThat(ended.code()).isEqualTo(6);
        assertThat(ended.text()).isEqualTo("now\r\n");
    }
}
