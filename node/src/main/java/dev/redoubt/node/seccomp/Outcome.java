package dev.redoubt.node.seccomp;

/** What became of a call that the broker was asked about. */
public sealed interface Outcome {
    /**
     * It failed.
     *
     * @param errno what the caller was told, positive
     * @param reason for people
     */
    record Refused(int errno, String reason) implements Outcome {}

    /** The broker did it in the kernel's place. {@code what}: for people. */
    record Answered(String what) implements Outcome {}

    /** Its thread was killed before it got the answer; counted beside the answer. */
    record CallerGone() implements Outcome {}
}
