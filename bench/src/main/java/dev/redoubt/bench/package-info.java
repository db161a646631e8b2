/**
 * Benchmarks: what a sandbox costs, beside what others cost on the same machine in the same minute.
 *
 * <p>A benchmark is not a test by the clock: no number makes one fail. It fails when something that it measures fails.
 */
@NullMarked
package dev.redoubt.bench;

import org.jspecify.annotations.NullMarked;
