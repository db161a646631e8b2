package dev.redoubt.node.launch;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.flat.FlatWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/**
 * The node's side of the conversation with the builder of one slot (native/PROTOCOL.md, section 2): one spec, one answer.
 *
 * <p>Straight to the builder, because on an idle machine every process on the way costs the time to wake it, and the caller
 * waits for the answer itself for the same reason. Closing it unused ends the slot.
 */
public final class Launcher implements AutoCloseable {
    private static final int LAUNCHED = 2;
    private static final int REPORT = 24;
    /** After a report: what an OCI runtime said. */
    private static final int WORDS = 400;

    /** unix(7): the other end was closed, with or without something unread. */
    private static final Set<Integer> GONE = Set.of(Errno.EPIPE, Errno.ECONNRESET);

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Spawner spawner;
    private final UnixSocket socket;
    private boolean closed;

    Launcher(Spawner spawner, int socket) {
        this.spawner = spawner;
        this.socket = UnixSocket.adopt(socket);
    }

    /**
     * What a launch brought, the caller's to close.
     *
     * @param guest its pidfd where an OCI runtime started it; -1 where it is the slot's
     * @param listener of its filter; -1 without one
     */
    public record Launched(int guest, int listener) {}

    /**
     * Launches a sandbox in its slot, and is closed then.
     *
     * @param files of this sandbox alone, after those of the spec
     * @param descriptors the layers' detached mounts and the rest, in the order of the spec; they stay the caller's
     * @throws LaunchException naming the wall that could not be built; HAND_OVER where this process lacks what it takes to ask,
     *     descriptors for one
     */
    public Launched launch(LaunchSpec.Encoded spec, List<LaunchSpec.SynthesisedFile> files, int[] descriptors) {
        try (Arena arena = Arena.ofConfined()) {
            FlatWriter message = new FlatWriter(arena);
            spec.write(message, files);
            socket.send(message.message(), descriptors);
            MemorySegment report = arena.allocate(REPORT + WORDS, Integer.BYTES);
            UnixSocket.Received answer = socket.receive(report);
            if (answer.length() == REPORT && report.get(INT, 0) == LAUNCHED) {
                return launched(report.get(INT, 20) != 0, answer.descriptors());
            }
            answer.closeDescriptors();
            throw answer.length() >= REPORT ? failure(report, answer.length(), spec) : killed();
        } catch (LinuxException failed) {
            throw GONE.contains(failed.errno()) ? killed() : new LaunchException(Step.HAND_OVER, failed.errno());
        } finally {
            close();
        }
    }

    private static Launched launched(boolean byRuntime, int[] descriptors) {
        int others = byRuntime ? 1 : 0;
        return new Launched(byRuntime ? descriptors[0] : -1, descriptors.length > others ? descriptors[others] : -1);
    }

    private static LaunchException failure(MemorySegment report, int length, LaunchSpec.Encoded spec) {
        Step step = Step.of(report.get(INT, 8));
        if (step == Step.RUNTIME && length > REPORT) {
            byte[] words = report.asSlice(REPORT, length - REPORT).toArray(ValueLayout.JAVA_BYTE);
            return LaunchException.ofRuntime(new String(words, StandardCharsets.US_ASCII).strip());
        }
        return new LaunchException(step, report.get(INT, 4), report.get(INT, 16)).at(spec.spec());
    }

    /** A spawner that dies takes its builders along; then asking it is what fails. */
    private LaunchException killed() {
        spawner.list();
        return new LaunchException(Step.KILLED, Errno.ECHILD);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            socket.close();
        }
    }
}
