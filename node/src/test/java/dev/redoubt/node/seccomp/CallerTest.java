package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.node.ranges.IdRange;
import org.junit.jupiter.api.Test;

class CallerTest {
    private static final IdRange IDS = new IdRange(3);
    private static final int BASE = IDS.base();

    private static String status(String uids, String groups, String capabilities, int threads) {
        return """
                Name:\tsh
                Umask:\t0027
                Tgid:\t4711
                Uid:\t%s
                Gid:\t%d\t%d\t%d\t%d
                FDSize:\t64
                Groups:\t%s
                NStgid:\t4711\t12
                NSpid:\t4712\t13
                Threads:\t%d
                CapInh:\t0000000000000000
                CapPrm:\t%s
                """.formatted(uids, BASE + 7, BASE + 7, BASE + 7, BASE + 7, groups, threads, capabilities);
    }

    private static String ids(int... uids) {
        return String.join(
                "\t", java.util.Arrays.stream(uids).mapToObj(Integer::toString).toList());
    }

    @Test
    void itIsReadAsTheKernelWritesIt() {
        int uid = BASE + 1000;
        Caller caller = Caller.parse(status(ids(uid, uid, uid, uid), "100 200 ", "0000000000000000", 1));
        assertThat(caller.uid()).isEqualTo(uid);
        assertThat(caller.gid()).isEqualTo(BASE + 7);
        assertThat(caller.groups()).containsExactly(100, 200);
        assertThat(caller.umask()).isEqualTo(027);
        assertThat(caller.process()).isEqualTo(12);
        assertThat(caller.thread()).isEqualTo(13);
        assertThat(caller.hostProcess()).isEqualTo(4711);
        assertThat(caller.alone()).isTrue();
        assertThat(caller.fixed()).isTrue();
    }

    /** Who can become another user is asked who he is each time. */
    @Test
    void whoCanChangeIsNotRemembered() {
        int uid = BASE + 1000;
        assertThat(Caller.parse(status(ids(uid, uid, uid, BASE), "", "0000000000000000", 1))
                        .fixed())
                .isFalse();
        assertThat(Caller.parse(status(ids(uid, uid, uid, BASE), "", "0000000000000000", 1))
                        .uid())
                .as("the user for files counts")
                .isEqualTo(BASE);
        assertThat(Caller.parse(status(ids(BASE, BASE, BASE, BASE), "", "00000000000000cb", 1))
                        .fixed())
                .isFalse();
        assertThat(Caller.parse(status(ids(uid, uid, uid, uid), "", "0000000000000000", 2))
                        .alone())
                .isFalse();
    }

    @Test
    void whatIsNoStatusIsRefused() {
        assertThatThrownBy(() -> Caller.parse("Name:\tx\n")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aStatusIsShownWithTheIdsInside() {
        int uid = BASE + 1000;
        String outside = status(ids(uid, uid, 0, BASE + 70_000), BASE + " " + (BASE + 5) + " 9 ", "0", 1);
        assertThat(StatusFile.inside(outside, IDS))
                .contains("Uid:\t1000\t1000\t65534\t65534\n")
                .contains("Gid:\t7\t7\t7\t7\n")
                .contains("Groups:\t0 5 65534 \n")
                .contains("Name:\tsh\n");
    }
}
