package dev.redoubt.protocol;

import java.math.BigDecimal;

/**
 * Processor time: 1.5 is one and a half processors' worth per second.
 *
 * @param millis thousandths of a processor; at least 10, because the kernel's smallest quota is 1 ms in 100 ms
 */
public record Cpus(int millis) implements Comparable<Cpus> {
    private static final int LEAST = 10;
    private static final int MOST = 1024 * 1000;

    public Cpus {
        if (millis < LEAST || millis > MOST) {
            throw new IllegalArgumentException("cpus must be between 0.01 and 1024");
        }
    }

    /** Reads {@code 1}, {@code 1.5}, {@code 0.25}; at most three digits after the point. */
    public static Cpus parse(String text) {
        if (!text.matches("\\d{1,4}(\\.\\d{1,3})?")) {
            throw new IllegalArgumentException("not a number of processors (write 1, 0.5 or 2.25)");
        }
        return new Cpus(new BigDecimal(text).movePointRight(3).intValueExact());
    }

    @Override
    public int compareTo(Cpus other) {
        return Integer.compare(millis, other.millis);
    }

    @Override
    public String toString() {
        return BigDecimal.valueOf(millis, 3).stripTrailingZeros().toPlainString();
    }
}
