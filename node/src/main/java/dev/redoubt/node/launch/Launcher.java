package dev.redoubt.node.launch;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.flat.FlatWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
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
    /** unix(7): the other end was closed, with or without something unread. */
    private static final Set<Integer> GONE = Set.of(Errno.EPIPE, Errno.ECONNRESET);

    private static final int REPORT = 20;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Spawner spawner;
    private final UnixSocket socket;
    private boolean closed;

    Launcher(Spawner spawner, int socket) {
        this.spawner = spawner;
        this.socket = UnixSocket.adopt(socket);
    }

    /**
     * Launches a sandbox in its slot, and is closed then.
     *
     * @param files of this sandbox alone, after those of the spec
     * @param descriptors the layers' detached mounts and the rest, in the order of the spec; they stay the caller's
     * @return the listener of its filter, the caller's to close; -1 without one
     * @throws LaunchException naming the wall that could not be built; HAND_OVER where this process lacks what it takes to ask,
     *     descriptors for one
     */
    public int launch(LaunchSpec.Encoded spec, List<LaunchSpec.SynthesisedFile> files, int[] descriptors) {
        try (Arena arena = Arena.ofConfined()) {
            FlatWriter message = new FlatWriter(arena);
            spec.write(message, files);
            socket.send(message.message(), descriptors);
            MemorySegment report = arena.allocate(REPORT, Integer.BYTES);
            UnixSocket.Received answer = socket.receive(report);
            if (answer.length() == REPORT && report.get(INT, 0) == LAUNCHED) {
                int[] listener = answer.descriptors();
                return listener.length == 0 ? -1 : listener[0];
            }
            answer.closeDescriptors();
            throw answer.length() == REPORT
                    ? new LaunchException(Step.of(report.get(INT, 8)), report.get(INT, 4), report.get(INT, 16))
                            .at(spec.spec())
                    : killed();
        } catch (LinuxException failed) {
            throw GONE.contains(failed.errno()) ? killed() : new LaunchException(Step.HAND_OVER, failed.errno());
        } finally {
            close();
        }
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
