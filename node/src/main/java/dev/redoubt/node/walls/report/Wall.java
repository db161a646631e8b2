package dev.redoubt.node.walls.report;

import java.util.Locale;

/** What a report is about, in its order. */
public enum Wall {
    NAMESPACES,
    /** Which ids of the host they are inside, and who runs as whom. */
    IDS,
    CAPABILITIES,
    /** The filter, and the lock on gaining privileges. */
    SYSCALLS,
    LANDLOCK,
    /** The profile of AppArmor and the context of SELinux that each process has, where the host has them. */
    LABELS,
    /** Control groups: who is in them, and what they hold. */
    LIMITS,
    MOUNTS,
    /** Of process 1. */
    DESCRIPTORS,
    NETWORK,
    /** Resource limits of single processes, and whom the kernel ends first when memory is short. */
    RLIMITS;

    /** As in the report. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
