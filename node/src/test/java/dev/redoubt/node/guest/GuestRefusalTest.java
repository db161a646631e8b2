package dev.redoubt.node.guest;

import static dev.redoubt.node.guest.GuestFixture.await;
import static dev.redoubt.node.guest.GuestFixture.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.UnixSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Frames that cannot be obeyed are refused one by one, by type and errno, and the guest goes on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuestRefusalTest {
    private static final int FRAME = Frame.HEADER + Frame.PAYLOAD;
    private static final int NOTHING = 999;

    @SuppressWarnings("NullAway.Init")
    private GuestFixture guest;

    @SuppressWarnings("NullAway.Init")
    private UnixSocket socket;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment in = arena.allocate(FRAME);
    private final MemorySegment out = arena.allocate(FRAME + 1);
    private int running;

    @BeforeAll
    void start() {
        guest = GuestFixture.start();
        GuestJob job = guest.channel().run(sh("exec sleep 1000"), (j, o) -> {});
        await(job.started());
        running = job.number();
        guest.nodeDies();
        socket = guest.raw();
    }

    @AfterAll
    void stop() {
        socket.close();
        arena.close();
        guest.close();
    }

    private FromGuest ask(int length) {
        socket.send(out.asSlice(0, length));
        return FromGuest.decode(in.asSlice(0, socket.receive(in).length()));
    }

    /** @return the length of the frame, which now lies in {@code out} */
    private int copied(MemorySegment frame) {
        out.copyFrom(frame);
        return (int) frame.byteSize();
    }

    private void refused(int type, int flags, int job, long seq, byte[] payload, int errno) {
        FromGuest answer = ask(copied(Frame.write(arena, type, flags, job, seq, ByteBuffer.wrap(payload))));
        assertThat(answer).isInstanceOfSatisfying(FromGuest.Refused.class, refused -> {
            assertThat(refused.frame()).isEqualTo(type);
            assertThat(refused.job()).isEqualTo(job);
            assertThat(refused.errno()).as(refused.message()).isEqualTo(errno);
        });
        alive();
    }

    private void alive() {
        assertThat(ask(copied(new ToGuest.Ping(77).encode(arena)))).isEqualTo(new FromGuest.Pong(77));
    }

    @Test
    void headersThatAreNone() {
        for (int length : new int[] {1, 8, 23}) {
            assertThat(ask(length)).isInstanceOf(FromGuest.Refused.class);
        }
        copied(Frame.write(arena, Frame.PING, 0, 0, 0, ToGuest.EMPTY));
        assertThat(ask(25)).isInstanceOf(FromGuest.Refused.class); // a byte more than the header says
        copied(Frame.write(arena, Frame.STDIN, 0, running, 0, ByteBuffer.allocate(Frame.PAYLOAD)));
        assertThat(ask(FRAME + 1))
                .isInstanceOfSatisfying(
                        FromGuest.Refused.class,
                        refused -> assertThat(refused.errno()).isEqualTo(Errno.EMSGSIZE));
        int length = copied(Frame.write(arena, Frame.PING, 0, 0, 0, ToGuest.EMPTY));
        out.set(java.lang.foreign.ValueLayout.JAVA_INT, 20, 1); // the reserved field
        assertThat(ask(length)).isInstanceOf(FromGuest.Refused.class);
        alive();
    }

    @Test
    void typesThatAreNone() {
        for (int type : new int[] {0, 10, 64, 65, 75, 65_535}) {
            refused(type, 0, running, 0, new byte[0], 74);
        }
    }

    @Test
    void flagsJobsAndPayloadsThatDoNotBelong() {
        int malformed = 74; // EBADMSG
        for (int type : new int[] {Frame.RUN, Frame.STDIN, Frame.SIGNAL}) {
            refused(type, 2, running, 0, new byte[4], malformed);
            refused(type, 0, 0, 0, new byte[4], malformed);
        }
        for (int type : new int[] {Frame.ACK, Frame.RESUME, Frame.CLOSE}) {
            refused(type, 0, running, 0, new byte[1], malformed);
            refused(type, 1, running, 0, new byte[0], malformed);
            refused(type, 0, 0, 0, new byte[0], malformed);
        }
        for (int type : new int[] {Frame.LIST, Frame.PING}) {
            refused(type, 0, 0, 0, new byte[1], malformed);
            refused(type, 1, 0, 0, new byte[0], malformed);
            refused(type, 0, running, 0, new byte[0], malformed);
        }
        refused(Frame.RESIZE, 1, running, 0, new byte[4], malformed);
    }

    @Test
    void jobsThatAreNot() {
        for (int type : new int[] {Frame.STDIN, Frame.ACK, Frame.RESUME, Frame.CLOSE}) {
            refused(type, 0, NOTHING, 0, new byte[0], Errno.ESRCH);
        }
        for (int type : new int[] {Frame.SIGNAL, Frame.RESIZE}) {
            refused(type, 0, NOTHING, 0, new byte[4], Errno.ESRCH);
        }
        refused(Frame.RUN, 0, running, 0, new byte[4], Errno.EEXIST);
    }

    @Test
    void numbersOutOfRange() {
        refused(Frame.SIGNAL, 0, running, 0, new byte[] {0, 0, 0, 0}, Errno.EINVAL);
        refused(Frame.SIGNAL, 0, running, 0, new byte[] {65, 0, 0, 0}, Errno.EINVAL);
        refused(Frame.SIGNAL, 0, running, 0, new byte[] {9, 0, 0}, Errno.EINVAL);
        refused(Frame.RESIZE, 0, running, 0, new byte[] {1, 0, 1, 0}, Errno.ENOTTY);
        refused(Frame.RESIZE, 0, running, 0, new byte[] {1}, Errno.EINVAL);
        refused(Frame.ACK, 0, running, Long.MAX_VALUE, new byte[0], Errno.EINVAL);
        refused(Frame.RESUME, 0, running, 2, new byte[0], Errno.EINVAL);
        refused(Frame.STDIN, 0, running, 1, new byte[1], Errno.EINVAL);
        refused(Frame.STDIN, 0, running, 0, new byte[1], Errno.EPIPE);
        refused(Frame.STDIN, 1, running, 0, new byte[1], 74);
    }

    @Test
    void runRequestsThatAreNone() {
        byte[] good = RunRequest.exec("true").withUser("user").encode().array();
        refused(Frame.RUN, 0, NOTHING, 0, new byte[0], Errno.EINVAL);
        for (int cut = 1; cut < good.length; cut += 3) {
            refused(Frame.RUN, 0, NOTHING, 0, java.util.Arrays.copyOf(good, cut), Errno.EINVAL);
        }
        refused(Frame.RUN, 0, NOTHING, 0, java.util.Arrays.copyOf(good, good.length + 1), Errno.EINVAL);
        refused(Frame.RUN, 0, NOTHING, 0, with(good, 0, 2), Errno.EINVAL); // version
        refused(Frame.RUN, 0, NOTHING, 0, with(good, 2, 16), Errno.EINVAL); // flags
        refused(Frame.RUN, 0, NOTHING, 0, with(good, 8, 8), Errno.EINVAL); // operation
        refused(Frame.RUN, 0, NOTHING, 0, with(good, 28, 100), Errno.EINVAL); // a length past the end
        refused(Frame.RUN, 0, NOTHING, 0, with(good, 28, 0), Errno.EINVAL); // a string without its NUL
        refused(Frame.RUN, 0, NOTHING, 0, with(good, 33, 0), Errno.EINVAL); // a NUL inside a string
        byte[] counts = good.clone();
        ByteBuffer.wrap(counts).order(ByteOrder.LITTLE_ENDIAN).putInt(good.length - 8, -1);
        refused(Frame.RUN, 0, NOTHING, 0, counts, Errno.EINVAL);
    }

    private static byte[] with(byte[] bytes, int at, int value) {
        byte[] changed = bytes.clone();
        changed[at] = (byte) value;
        return changed;
    }

    @Test
    void requestsThatNeverEnd() {
        byte[] piece = new byte[Frame.PAYLOAD];
        for (int i = 0; i < 32; i++) {
            socket.send(out.asSlice(0, copied(Frame.write(arena, Frame.RUN, 1, NOTHING, 0, ByteBuffer.wrap(piece)))));
        }
        refused(Frame.RUN, 1, NOTHING, 0, piece, Errno.E2BIG);
        refused(Frame.CLOSE, 0, NOTHING, 0, new byte[0], Errno.ESRCH); // nothing of it is left
    }
}
