package dev.redoubt.bench;

import dev.redoubt.node.NodeSettings;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How the benchmarks are to run.
 *
 * @param node the settings of a node library: its data directory holds the images, and its native programs are measured
 * @param script {@code ./redoubt}, to be measured as a whole; empty when this is not run from one
 * @param shortRun only a few samples, to prove that everything works
 */
public record BenchSettings(NodeSettings node, Optional<Path> script, boolean shortRun) {}
