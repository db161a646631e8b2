package dev.redoubt.node.seccomp;

/** How often a call ended in one way. */
public record CallCount(String call, Outcome outcome, long times) {}
