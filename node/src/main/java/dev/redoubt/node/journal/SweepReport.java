package dev.redoubt.node.journal;

import java.nio.file.Path;
import java.util.List;

/**
 * What a sweep did.
 *
 * @param removed owners that were dead and of whom nothing is left
 * @param corrupt journal entries of dead owners that could not be understood, where they were moved to
 * @param problems what could not be removed, in words; the next sweep tries again
 */
public record SweepReport(List<String> removed, List<Path> corrupt, List<String> problems) {
    public SweepReport {
        removed = List.copyOf(removed);
        corrupt = List.copyOf(corrupt);
        problems = List.copyOf(problems);
    }

    /** There was nothing to do. */
    public boolean isEmpty() {
        return removed.isEmpty() && corrupt.isEmpty() && problems.isEmpty();
    }
}
