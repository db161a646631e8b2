package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static dev.redoubt.node.guest.GuestFixture.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A guest that was told how long nothing may move. */
@Tag("vm")
class GuestIdleTest {
    private static final String IDLE_MILLIS = "1000";

    @Test
    void silenceEndsTheGuestAndAllInIt() {
        String silent = "trap '' TERM HUP; echo up; sleep 60";
        try (GuestFixture guest = GuestFixture.start("switch", "--idle", IDLE_MILLIS);
                GuestFixture control = GuestFixture.start("switch", "--idle", "60000")) {
            GuestJob unhurried = control.channel().run(sh(silent), new CollectedOutput(100));
            assertThatThrownBy(() -> guest.run(silent)).isInstanceOf(SandboxGoneException.class);
            assertThat(unhurried.exit()).as("control: one with a longer limit").isNotDone();
        }
    }

    /** Neither its node nor a job need be there. */
    @Test
    void aGuestThatNobodyUsesEnds() throws Exception {
        try (GuestFixture guest = GuestFixture.start("switch", "--idle", IDLE_MILLIS)) {
            ProcessHandle process = ProcessHandle.of(guest.guestPid()).orElseThrow();
            guest.nodeDies();
            assertThat(process.onExit().get(10, TimeUnit.SECONDS).isAlive()).isFalse();
        }
    }

    @Test
    void whoeverPrintsIsNotIdle() {
        try (GuestFixture guest = GuestFixture.start("switch", "--idle", IDLE_MILLIS)) {
            assertThat(guest.run("for i in 1 2 3 4 5 6 7 8; do echo $i >&2; sleep 0.3; done; exit 7")
                            .code())
                    .isEqualTo(7);
        }
    }

    @Test
    void whoeverIsGivenInputIsNotIdle() throws Exception {
        try (GuestFixture guest = GuestFixture.start("switch", "--idle", IDLE_MILLIS);
                GuestJob job =
                        guest.channel().run(sh("cat > /dev/null; exit 7").withInput(), new CollectedOutput(100))) {
            for (int i = 0; i < 8; i++) {
                TimeUnit.MILLISECONDS.sleep(300);
                job.write(ByteBuffer.wrap(new byte[] {1}));
            }
            job.closeInput();
            assertThat(await(job.exit())).isInstanceOf(JobExit.Exited.class);
        }
    }
}
