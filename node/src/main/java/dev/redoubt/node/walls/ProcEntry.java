package dev.redoubt.node.walls;

import java.util.Objects;

/**
 * One name beneath /proc and what stands there inside a sandbox.
 *
 * @param mayBeAbsent whether kernels exist that do not have it
 */
record ProcEntry(String name, Treatment treatment, boolean mayBeAbsent, String reason) {
    enum Treatment {
        /** As the kernel shows it: constant, or a view of the sandbox's own namespaces. */
        VISIBLE,
        /** An empty file, the null device. */
        NULL,
        /** An empty directory. */
        EMPTY,
        /** Readable, not writable. */
        READ_ONLY,
        /** A file that we write, in the kernel's format. */
        SYNTHESISED
    }

    ProcEntry {
        Objects.requireNonNull(treatment, "treatment");
        if (name.isEmpty() || name.startsWith("/") || reason.isBlank()) {
            throw new IllegalArgumentException("/proc entry '" + name + "': '" + reason + "'");
        }
    }

    String path() {
        return "/proc/" + name;
    }
}
