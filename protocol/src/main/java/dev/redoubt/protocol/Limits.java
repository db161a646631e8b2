package dev.redoubt.protocol;

/**
 * What one sandbox may use at most. The kernel holds every one of them; of time, the spawner and the guest do.
 *
 * @param memory memory and swap together, so that swap is no way around it
 * @param pids processes and threads
 * @param disk bytes written to the sandbox's own layer
 * @param inodes files, directories and links in that layer
 */
public record Limits(Size memory, Cpus cpus, int pids, Size disk, long inodes, IoLimits io, TimeLimits time) {
    private static final Size LEAST_MEMORY = Size.ofMib(4);
    private static final Size LEAST_DISK = Size.ofMib(1);
    private static final int MOST_PIDS = 4_194_304; // PID_MAX_LIMIT of 64 bit Linux, proc_sys_kernel(5)

    /** 512 MiB, one processor, 256 processes, 1 GiB in at most 262,144 files, i/o and time not limited. */
    public static final Limits DEFAULT =
            new Limits(Size.ofMib(512), new Cpus(1000), 256, Size.ofGib(1), 262_144, IoLimits.NONE, TimeLimits.NONE);

    public Limits {
        if (memory.compareTo(LEAST_MEMORY) < 0) {
            throw new IllegalArgumentException("memory must be at least " + LEAST_MEMORY);
        }
        if (memory.bytes() % 4096 != 0) {
            throw new IllegalArgumentException("memory must be a multiple of 4096 bytes, the kernel's page");
        }
        if (pids < 2 || pids > MOST_PIDS) {
            throw new IllegalArgumentException("pids must be between 2 and " + MOST_PIDS);
        }
        if (disk.compareTo(LEAST_DISK) < 0) {
            throw new IllegalArgumentException("disk must be at least " + LEAST_DISK);
        }
        if (inodes < 16) {
            throw new IllegalArgumentException("inodes must be at least 16");
        }
    }

    public Limits withMemory(Size value) {
        return new Limits(value, cpus, pids, disk, inodes, io, time);
    }

    public Limits withCpus(Cpus value) {
        return new Limits(memory, value, pids, disk, inodes, io, time);
    }

    public Limits withPids(int value) {
        return new Limits(memory, cpus, value, disk, inodes, io, time);
    }

    public Limits withDisk(Size value) {
        return new Limits(memory, cpus, pids, value, inodes, io, time);
    }

    public Limits withInodes(long value) {
        return new Limits(memory, cpus, pids, disk, value, io, time);
    }

    public Limits withIo(IoLimits value) {
        return new Limits(memory, cpus, pids, disk, inodes, value, time);
    }

    public Limits withTime(TimeLimits value) {
        return new Limits(memory, cpus, pids, disk, inodes, io, value);
    }
}
