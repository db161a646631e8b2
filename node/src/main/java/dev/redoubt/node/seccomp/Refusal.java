package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;

/**
 * Why a call fails.
 *
 * @param errno what the caller is told
 * @param rule the group of the list that it belongs to, as {@code @mount}
 * @param reason for people: what the call would do, and what there is instead
 */
record Refusal(int errno, String rule, String reason) {
    /** What the caller would have got from the kernel for the same pointer. */
    static Refusal badAddress(String rule) {
        return new Refusal(Errno.EFAULT, rule, "a pointer to no memory of the caller's");
    }

    /** The broker could not do what it should. */
    static Refusal failed(RuntimeException why) {
        return new Refusal(Errno.EPERM, "", "the broker failed: " + why.getMessage());
    }
}
