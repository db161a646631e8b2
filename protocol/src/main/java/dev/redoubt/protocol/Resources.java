package dev.redoubt.protocol;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The limits that a profile names; an empty value leaves the default.
 *
 * @param io an empty value in it leaves the default too
 * @param wall since start, whatever the command does
 * @param idle without a byte on any of the command's streams
 */
public record Resources(
        Optional<Size> memory,
        Optional<Cpus> cpus,
        OptionalInt pids,
        Optional<Size> disk,
        OptionalLong inodes,
        IoLimits io,
        Optional<Duration> wall,
        Optional<Duration> idle) {
    public static final Resources NONE = new Resources(
            Optional.empty(),
            Optional.empty(),
            OptionalInt.empty(),
            Optional.empty(),
            OptionalLong.empty(),
            IoLimits.NONE,
            Optional.empty(),
            Optional.empty());

    public Resources {
        limits(
                memory,
                cpus,
                pids,
                disk,
                inodes,
                io,
                new TimeLimits(wall, idle)); // whoever names a limit that no sandbox can have hears of it here
    }

    /** These limits, and the defaults for what is not named. */
    public Limits limits() {
        return limits(memory, cpus, pids, disk, inodes, io, new TimeLimits(wall, idle));
    }

    public Resources withMemory(Size value) {
        return new Resources(Optional.of(value), cpus, pids, disk, inodes, io, wall, idle);
    }

    public Resources withCpus(Cpus value) {
        return new Resources(memory, Optional.of(value), pids, disk, inodes, io, wall, idle);
    }

    public Resources withPids(int value) {
        return new Resources(memory, cpus, OptionalInt.of(value), disk, inodes, io, wall, idle);
    }

    public Resources withDisk(Size value) {
        return new Resources(memory, cpus, pids, Optional.of(value), inodes, io, wall, idle);
    }

    public Resources withInodes(long value) {
        return new Resources(memory, cpus, pids, disk, OptionalLong.of(value), io, wall, idle);
    }

    public Resources withIo(IoLimits value) {
        return new Resources(memory, cpus, pids, disk, inodes, value, wall, idle);
    }

    public Resources withWall(Duration value) {
        return new Resources(memory, cpus, pids, disk, inodes, io, Optional.of(value), idle);
    }

    public Resources withIdle(Duration value) {
        return new Resources(memory, cpus, pids, disk, inodes, io, wall, Optional.of(value));
    }

    /** What {@code nearer} names, and these where it names nothing. */
    public Resources overriddenBy(Resources nearer) {
        return new Resources(
                nearer.memory.or(() -> memory),
                nearer.cpus.or(() -> cpus),
                nearer.pids.isPresent() ? nearer.pids : pids,
                nearer.disk.or(() -> disk),
                nearer.inodes.isPresent() ? nearer.inodes : inodes,
                io.overriddenBy(nearer.io),
                nearer.wall.or(() -> wall),
                nearer.idle.or(() -> idle));
    }

    private static Limits limits(
            Optional<Size> memory,
            Optional<Cpus> cpus,
            OptionalInt pids,
            Optional<Size> disk,
            OptionalLong inodes,
            IoLimits io,
            TimeLimits time) {
        return new Limits(
                memory.orElse(Limits.DEFAULT.memory()),
                cpus.orElse(Limits.DEFAULT.cpus()),
                pids.orElse(Limits.DEFAULT.pids()),
                disk.orElse(Limits.DEFAULT.disk()),
                inodes.orElse(Limits.DEFAULT.inodes()),
                io,
                time);
    }
}
