package dev.redoubt.node.daemon;

import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.SandboxId;
import java.time.Instant;
import java.util.Optional;

/**
 * A sandbox that the daemon has.
 *
 * @param refusedCalls system calls that its broker refused, since this daemon has it
 * @param labels what its maker noted on it
 * @param walls what the last look at them found; empty before the first
 */
public record Listed(
        SandboxId id,
        NetworkMode network,
        Instant started,
        long refusedCalls,
        Labels labels,
        Optional<Verdict> walls) {}
