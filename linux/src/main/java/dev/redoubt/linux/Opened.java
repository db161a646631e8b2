package dev.redoubt.linux;

/** What open(2) said: a failure is as good an answer as a file where the path is a stranger's. */
public sealed interface Opened {
    record File(Fd fd) implements Opened {}

    /** {@code errno}: positive. */
    record Failed(int errno) implements Opened {}
}
