package dev.redoubt.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What was measured of one subject in one case. Percentiles are by nearest rank: each is a value that was measured.
 *
 * @param noisy how many of the samples were taken although the machine was busy with something else
 */
record Result(
        String subject,
        @JsonProperty("case") String what,
        Unit unit,
        int n,
        double min,
        double median,
        double p95,
        double p99,
        double max,
        int noisy) {
    private static final double DIGITS = 10_000;

    /** One value with the state of the machine when it was taken. */
    record Sample(double value, boolean quiet) {}

    static Result of(String subject, String what, Unit unit, List<Sample> samples) {
        if (samples.isEmpty()) {
            throw new IllegalArgumentException(subject + " has no sample of " + what);
        }
        double[] sorted = samples.stream().mapToDouble(Sample::value).sorted().toArray();
        int noisy = (int) samples.stream().filter(sample -> !sample.quiet()).count();
        return new Result(
                subject,
                what,
                unit,
                sorted.length,
                rank(sorted, 0),
                rank(sorted, 0.5),
                rank(sorted, 0.95),
                rank(sorted, 0.99),
                rank(sorted, 1),
                noisy);
    }

    private static double rank(double[] sorted, double share) {
        int rank = Math.max(1, (int) Math.ceil(share * sorted.length));
        return Math.round(sorted[rank - 1] * DIGITS) / DIGITS;
    }
}
