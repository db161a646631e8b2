package dev.redoubt.node.seccomp;

/** What the broker does with a call: decided by the registers, before any memory is looked at. */
sealed interface Ruling {
    /** It fails, whatever its pointers point to. */
    record Refuse(Refusal refusal) implements Ruling {}

    /** sysinfo(2) is answered with the sandbox's own numbers. */
    record TellFacts() implements Ruling {}

    /** A file is opened for the caller, unless its name is hidden. */
    record Open() implements Ruling {}
}
