package dev.redoubt.node.seccomp;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.NotifiedCall;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The calls that were received and have no answer yet.
 *
 * <p>The kernel hands out a call once. A broker that is killed between receiving and answering would leave its caller
 * waiting for ever, so the kernel writes what it hands out into memory that outlives us, a shared mapping of a file, and
 * the next broker finds it there. Answering twice does no harm: the second answer is refused.
 */
final class InFlight implements AutoCloseable {
    private static final int SLOT = 128;
    private static final int CALL = 16;
    private static final int MOST = 2048;
    private static final long NOBODY = 0;

    private final Arena arena;
    private final MemorySegment memory;
    private final Deque<Slot> free = new ArrayDeque<>();
    private final Map<Long, List<Slot>> left = new HashMap<>();
    private int used;

    /** Room for one call: whose it is, and the call. Free where the sandbox's number is 0. */
    final class Slot {
        private final MemorySegment bytes;
        private final NotifiedCall call;

        private Slot(int index) {
            bytes = memory.asSlice((long) index * SLOT, SLOT);
            call = new NotifiedCall(bytes.asSlice(CALL));
        }

        NotifiedCall call() {
            return call;
        }

        private long sandbox() {
            return bytes.get(JAVA_LONG, 0);
        }

        private void belongsTo(long sandbox) {
            JAVA_LONG.varHandle().setRelease(bytes, 0L, sandbox);
        }

        /** The call has been answered. */
        void free() {
            belongsTo(NOBODY);
            synchronized (free) {
                free.push(this);
            }
        }
    }

    private InFlight(Arena arena, MemorySegment memory) {
        this.arena = arena;
        this.memory = memory;
    }

    /** For sandboxes that end with this process. */
    static InFlight inMemory() {
        Arena arena = Arena.ofShared();
        return new InFlight(arena, arena.allocate((long) MOST * SLOT, 8));
    }

    /**
     * For sandboxes that outlive this process.
     *
     * @param alive numbers of those that an earlier process left; what it left of others is forgotten
     */
    static InFlight shared(Path file, Set<Long> alive) {
        // Only the node may read what sandboxes ask for.
        LinuxFiles.open(file.toString(), LinuxFiles.O_RDWR | LinuxFiles.O_CREAT, 0600)
                .close();
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            InFlight calls =
                    new InFlight(arena, channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) MOST * SLOT, arena));
            calls.readBack(alive);
            return calls;
        } catch (IOException unwritable) {
            arena.close();
            throw new UncheckedIOException(unwritable);
        }
    }

    private void readBack(Set<Long> alive) {
        for (; used < MOST; used++) {
            Slot slot = new Slot(used);
            if (slot.sandbox() != NOBODY && slot.call.id() != 0 && alive.contains(slot.sandbox())) {
                left.computeIfAbsent(slot.sandbox(), number -> new ArrayList<>())
                        .add(slot);
            } else {
                slot.belongsTo(NOBODY);
                free.addLast(slot);
            }
        }
    }

    /** A free slot, from now on of this sandbox; empty when so many calls wait that there is none. */
    Optional<Slot> take(long sandbox) {
        Slot slot;
        synchronized (free) {
            if (free.isEmpty()) {
                if (used == MOST) {
                    return Optional.empty();
                }
                free.push(new Slot(used++));
            }
            slot = free.pop();
        }
        slot.belongsTo(sandbox);
        return Optional.of(slot);
    }

    /** What an earlier process had received of this sandbox and not answered; told once. */
    List<Slot> leftOf(long sandbox) {
        List<Slot> calls = left.remove(sandbox);
        return calls == null ? List.of() : calls;
    }

    @Override
    public void close() {
        arena.close();
    }
}
