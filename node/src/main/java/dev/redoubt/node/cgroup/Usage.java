package dev.redoubt.node.cgroup;

import dev.redoubt.protocol.Size;
import java.time.Duration;

/**
 * What a group uses and has used.
 *
 * @param memoryPeak the most it ever used at once
 * @param cpu processor time of all its processes, ended ones included
 * @param pids processes and threads now
 */
public record Usage(Size memory, Size memoryPeak, Duration cpu, int pids, long oomKills) {}
