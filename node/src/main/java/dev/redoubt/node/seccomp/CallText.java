package dev.redoubt.node.seccomp;

/** What was found where an argument points. */
sealed interface CallText {
    /** Which argument, from 0. */
    int argument();

    /** The bytes before the NUL, or only the first of them. */
    record Read(int argument, byte[] bytes, boolean ended) implements CallText {}

    /** There is no memory. */
    record Unreadable(int argument) implements CallText {}
}
