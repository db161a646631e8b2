package dev.redoubt.node.seccomp;

/** What is left of a call when its registers did not tell enough: the part that reads memory or files, and may wait. */
sealed interface Work {
    Received received();

    /** It fails; its strings are read first, so that the record can say what was wanted. */
    record Refuse(Received received, Refusal refusal) implements Work {}

    /** sysinfo(2). */
    record TellFacts(Received received) implements Work {}
}
