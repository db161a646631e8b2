package dev.redoubt.linux;

/** A point in time as a file system keeps it: seconds since 1970, before it when negative, and nanoseconds. */
public record FileTime(long seconds, int nanos) {
    public static final FileTime EPOCH = new FileTime(0, 0);

    public FileTime {
        if (nanos < 0 || nanos > 999_999_999) {
            throw new IllegalArgumentException("nanoseconds out of range: " + nanos);
        }
    }
}
