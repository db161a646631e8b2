package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.protocol.Profile;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which wall is said to have held. */
final class WallTest {
    private static final CallFilter STANDARD =
            (number, arguments) -> Filter.refuses(Profile.DEFAULT.calls(), number, arguments);
    private static final int OPENAT = 257;
    private static final int MOUNT = 165;
    private static final int CLONE = 56;
    private static final int X32_GETPID = 0x40000000 | 39;
    private static final long NEW_UTS = 0x04000000;

    private static Optional<Layer> wall(String walls, String error, int number, Long first, CallFilter filter) {
        Probe probe = new Probe("attack", "group", "gain", "", Layer.ofLetters(walls), "");
        SystemCall call = new SystemCall("call", number, List.of(first, 0L, 0L, 0L, 0L, 0L));
        return Wall.that(probe, new Outcome.Blocked(error, call, ""), filter);
    }

    @Test
    void whatTheFilterRefusesItStopped() {
        assertThat(wall("BA", "EPERM", MOUNT, 0L, STANDARD)).contains(Layer.CALLS);
        assertThat(wall("BA", "ENOSYS", X32_GETPID, 0L, STANDARD)).contains(Layer.CALLS);
        assertThat(wall("BA", "EPERM", CLONE, NEW_UTS | 1L << 32, STANDARD)).contains(Layer.CALLS);
        assertThat(wall("B", "SIGSYS", -1, 0L, CallFilter.NONE)).contains(Layer.CALLS);
    }

    @Test
    void whatTheFilterLetsPassAnotherWallStopped() {
        assertThat(wall("BA", "EPERM", MOUNT, 0L, CallFilter.NONE)).contains(Layer.NAMESPACES);
        assertThat(wall("AC", "EACCES", OPENAT, 0L, STANDARD)).contains(Layer.NAMESPACES);
        assertThat(wall("AD", "EAGAIN", CLONE, 17L, STANDARD)).contains(Layer.LIMITS);
        assertThat(wall("AE", "ENETUNREACH", 42, 0L, STANDARD)).contains(Layer.NETWORK);
        assertThat(wall("D", "SIGKILL", -1, 0L, STANDARD)).contains(Layer.LIMITS);
    }

    @Test
    void whatNoWallHadToStopTheKernelDid() {
        assertThat(wall("B", "EPERM", OPENAT, 0L, STANDARD)).isEmpty();
    }
}
