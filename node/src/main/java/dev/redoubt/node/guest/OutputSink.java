package dev.redoubt.node.guest;

/**
 * Takes a job's output, in order, on the thread of the {@link GuestLoop}: must not block.
 *
 * <p>To slow a job down, do not acknowledge: after 1 MiB, or less where the sandbox's jobs together
 * keep 4 MiB, the job waits (or, bounded, loses output that is counted).
 */
@FunctionalInterface
public interface OutputSink {
    void accept(GuestJob job, JobOutput output);
}
