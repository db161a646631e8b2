package dev.redoubt.bench;

import java.util.OptionalDouble;

/**
 * How long one run of a program took.
 *
 * @param firstByte milliseconds to its first byte of output; empty when it printed nothing
 * @param end milliseconds to its end
 */
record Lap(OptionalDouble firstByte, double end) {
    private static final double NANOS_PER_MILLI = 1e6;

    /**
     * Reads a line of redoubt-bench-stopwatch.
     *
     * @throws PeerFailedException when the program did not succeed
     */
    static Lap parse(String line) {
        String[] fields = line.split(" ");
        if (!fields[2].equals("0")) {
            throw new PeerFailedException("exit status " + fields[2]);
        }
        long first = Long.parseLong(fields[0]);
        return new Lap(
                first < 0 ? OptionalDouble.empty() : OptionalDouble.of(first / NANOS_PER_MILLI),
                Long.parseLong(fields[1]) / NANOS_PER_MILLI);
    }
}
