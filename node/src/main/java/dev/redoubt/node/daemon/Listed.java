package dev.redoubt.node.daemon;

import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.SandboxId;
import java.time.Instant;

/**
 * A sandbox that the daemon has.
 *
 * @param refusedCalls system calls that its broker refused, since this daemon has it
 */
public record Listed(SandboxId id, NetworkMode network, Instant started, long refusedCalls) {}
