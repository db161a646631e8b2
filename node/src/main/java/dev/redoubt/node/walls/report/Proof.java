package dev.redoubt.node.walls.report;

import java.util.Locale;

/** Where a finding comes from. */
public enum Proof {
    /** Read from the kernel now. */
    READ,
    /** What was handed to the kernel at the launch, which ends when the kernel refuses it; the kernel does not show it since. */
    RECORDED;

    /** As in the report. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
