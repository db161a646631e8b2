package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.Fd;
import dev.redoubt.protocol.Limits;
import java.util.List;
import java.util.Set;

/** The control group of one sandbox. */
public sealed interface SandboxCgroup permits SandboxCgroupV1, SandboxCgroupV2 {
    String name();

    /**
     * What a process needs to get in, to be closed by the caller.
     *
     * <p>Version 1: one writable {@code cgroup.procs} per hierarchy, into which the process itself writes {@code 0}.
     * Version 2: the directory, for clone3(2) with {@code CLONE_INTO_CGROUP}. (Writing to {@code cgroup.procs} waits for
     * an RCU grace period, milliseconds on an idle host; being born inside does not.)
     */
    List<Fd> joinDescriptors();

    /** Moves a process in from outside: for programs that are not ours. Takes milliseconds per hierarchy. */
    void join(int pid);

    /**
     * Sets every limit that a group can hold. May be called again with other values while processes run.
     *
     * @param devices whole disks that the i/o limits count for; see {@link BlockDevices}
     * @throws CgroupException when one cannot be set; {@link CgroupException#missing} when this host never could
     */
    void apply(Limits limits, List<Device> devices);

    /** What the kernel says it holds now. */
    HeldLimits readBack();

    /** The processes in it, by our numbers. None when the group is gone. */
    Set<Integer> members();

    /**
     * What of this group a process is not in.
     *
     * @param membership its /proc/PID/cgroup (cgroups(7))
     * @return names of controllers; {@code unified} for all of version 2
     */
    List<String> notIn(String membership);

    /** Whether its processes are stopped, or about to be. */
    boolean isFrozen();

    /** Processes killed because the memory limit was reached. */
    long oomKills();

    Usage usage();

    /** Stops every process where it is; returns when all have stopped. */
    void freeze();

    void thaw();

    /** Kills everything inside, frozen or not, and returns when nothing is left that could run. */
    void kill();

    /**
     * Removes the empty group, waiting a bounded time for ended processes to leave it. Done already is fine.
     *
     * @throws CgroupException when something still runs in it
     */
    void remove();
}
