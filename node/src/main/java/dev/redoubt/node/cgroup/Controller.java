package dev.redoubt.node.cgroup;

/** What the kernel can hold or do for a group of processes. */
public enum Controller {
    MEMORY("memory", "memory"),
    CPU("cpu", "cpu"),
    PIDS("pids", "pids"),
    IO("blkio", "io"),
    FREEZER("freezer", ""),
    CPU_TIME("cpuacct", "");

    private final String v1;
    private final String v2;

    Controller(String v1, String v2) {
        this.v1 = v1;
        this.v2 = v2;
    }

    /** Its name as an option of a version 1 mount. */
    String v1() {
        return v1;
    }

    /** Its name in {@code cgroup.controllers}; empty when every version 2 group has it. */
    String v2() {
        return v2;
    }
}
