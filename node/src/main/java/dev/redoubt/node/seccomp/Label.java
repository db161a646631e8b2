package dev.redoubt.node.seccomp;

/** A place in a program that jumps name before it is known. Compared by identity. */
final class Label {}
