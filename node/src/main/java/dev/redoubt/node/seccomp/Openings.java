package dev.redoubt.node.seccomp;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.protocol.PathPatterns;

/**
 * What the broker must know to open files for a sandbox.
 *
 * @param patterns not empty
 * @param landlock the sandbox's own rules: the kernel asks them of who opens, which is the broker, so the broker asks them
 * @param ids of the sandbox; nobody else's files are opened for it as somebody else
 */
public record Openings(PathPatterns patterns, LaunchSpec.Landlock landlock, IdRange ids) {
    public Openings {
        if (patterns.isEmpty()) {
            throw new IllegalArgumentException("without patterns the kernel opens files itself");
        }
    }
}
