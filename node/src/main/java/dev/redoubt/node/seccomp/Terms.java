package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.Profile.Calls;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the broker holds a sandbox to.
 *
 * @param calls the level of its filter
 * @param openings how its files are opened, when its filter asks about opens
 * @param facts what its sysinfo(2) answers, asked on a thread that may read files
 */
public record Terms(Calls calls, Optional<Openings> openings, Supplier<SystemFacts> facts) {}
