package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Device;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Limits as the kernel reports them; empty means that nothing is held.
 *
 * @param memoryAndSwap both together
 */
public record HeldLimits(
        Optional<Size> memory,
        Optional<Size> memoryAndSwap,
        Optional<Cpus> cpus,
        OptionalInt pids,
        Map<Device, IoLimits> io) {
    public HeldLimits {
        io = Map.copyOf(io);
    }

    /** Is everything that a group can hold exactly as asked? (Disk and inodes are not a group's.) */
    public boolean equalsAsked(Limits asked) {
        return memory.equals(Optional.of(asked.memory()))
                && memoryAndSwap.equals(Optional.of(asked.memory()))
                && cpus.equals(Optional.of(asked.cpus()))
                && pids.equals(OptionalInt.of(asked.pids()))
                && io.values().stream().allMatch(asked.io()::equals)
                && (asked.io().isNone() || !io.isEmpty());
    }
}
