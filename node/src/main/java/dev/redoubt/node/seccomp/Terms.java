package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.CallRules;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the broker holds a sandbox to.
 *
 * @param calls the rules that its filter was made of
 * @param openings how its files are opened, when its filter asks about opens
 * @param facts what its sysinfo(2) answers, asked on a thread that may read files
 */
public record Terms(CallRules calls, Optional<Openings> openings, Supplier<SystemFacts> facts) {}
