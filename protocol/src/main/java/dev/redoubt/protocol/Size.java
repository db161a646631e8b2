package dev.redoubt.protocol;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes. Units are powers of 1024, as in Docker and crun: 1M and 1Mi are both 1,048,576 bytes. */
public record Size(long bytes) implements Comparable<Size> {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?)([KMGTP]?)I?B?");
    private static final String UNITS = "KMGTP";

    public Size {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size cannot be negative");
        }
    }

    public static Size ofBytes(long bytes) {
        return new Size(bytes);
    }

    public static Size ofKib(long kib) {
        return new Size(Math.multiplyExact(kib, 1L << 10));
    }

    public static Size ofMib(long mib) {
        return new Size(Math.multiplyExact(mib, 1L << 20));
    }

    public static Size ofGib(long gib) {
        return new Size(Math.multiplyExact(gib, 1L << 30));
    }

    /**
     * Reads {@code 4096}, {@code 512M}, {@code 1.5g}, {@code 64Ki}.
     *
     * @throws IllegalArgumentException when it is no size, is more than 2^63-1 bytes, or is no whole number of bytes
     */
    public static Size parse(String text) {
        Matcher match = TEXT.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (!match.matches()) {
            throw new IllegalArgumentException("not a size (write 512M, 1.5G or a number of bytes)");
        }
        int unit = match.group(2).isEmpty() ? 0 : UNITS.indexOf(match.group(2)) + 1;
        BigDecimal bytes = new BigDecimal(match.group(1)).multiply(BigDecimal.valueOf(1L << (10 * unit)));
        try {
            return new Size(bytes.longValueExact());
        } catch (ArithmeticException inexact) {
            throw new IllegalArgumentException("not a whole number of bytes, or too many", inexact);
        }
    }

    @Override
    public int compareTo(Size other) {
        return Long.compare(bytes, other.bytes);
    }

    /** The shortest exact form that {@link #parse} reads back: {@code 512M}, {@code 1536M}, {@code 1000}. */
    @Override
    public String toString() {
        int unit = 0;
        long rest = bytes;
        while (rest != 0 && rest % 1024 == 0 && unit < UNITS.length()) {
            rest /= 1024;
            unit++;
        }
        return unit == 0 ? Long.toString(rest) : rest + UNITS.substring(unit - 1, unit);
    }
}
