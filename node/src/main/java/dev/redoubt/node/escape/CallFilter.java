package dev.redoubt.node.escape;

/** Whether the system call filter in force refuses a call, whatever would come after it. */
@FunctionalInterface
public interface CallFilter {
    boolean refuses(int number, long[] arguments);

    /** No filter. */
    CallFilter NONE = (number, arguments) -> false;
}
