package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InFlightTest {
    @TempDir
    Path scratch;

    /** What the kernel does: it writes the call into the slot. Here somebody else writes into the same file. */
    private static void kernelWrites(Path file, int slot, long id) throws Exception {
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(id)
                    .flip();
            assertThat(channel.position(slot * 128L + 16).write(bytes)).isEqualTo(8);
        }
    }

    @Test
    void theNextOneFindsWhatWasNotAnswered() throws Exception {
        Path file = scratch.resolve("calls");
        InFlight killed = InFlight.shared(file, Set.of());
        List<InFlight.Slot> slots = new ArrayList<>();
        for (long sandbox : new long[] {7, 7, 7, 8}) {
            slots.add(killed.take(sandbox).orElseThrow());
        }
        for (int slot : new int[] {0, 1, 3}) {
            kernelWrites(file, slot, 100 + slot);
        }
        slots.get(1).free(); // answered
        // not closed: it was killed

        try (InFlight next = InFlight.shared(file, Set.of(7L))) {
            assertThat(next.leftOf(7))
                    .as("not what was answered, nor what was never received")
                    .extracting(slot -> slot.call().id())
                    .containsExactly(100L);
            assertThat(next.leftOf(7)).as("told once").isEmpty();
            assertThat(next.leftOf(8)).as("of a sandbox that has ended").isEmpty();
        }
        killed.close();
    }

    @Test
    void thereAreOnlySoMany() {
        try (InFlight calls = InFlight.inMemory()) {
            List<InFlight.Slot> taken = new ArrayList<>();
            for (Optional<InFlight.Slot> slot = calls.take(1); slot.isPresent(); slot = calls.take(1)) {
                taken.add(slot.get());
            }
            assertThat(taken).hasSize(2048).doesNotHaveDuplicates();
            taken.getFirst().free();
            assertThat(calls.take(2)).contains(taken.getFirst());
            assertThat(calls.take(2)).isEmpty();
        }
    }
}
