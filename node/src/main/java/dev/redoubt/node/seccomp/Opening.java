package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Fd;

/** What came of opening on somebody's behalf. */
sealed interface Opening {
    /** To be given to the caller, and closed here. */
    record File(Fd fd) implements Opening {}

    /** What the kernel says to the caller, or would. {@code errno}: positive. */
    record KernelSays(int errno) implements Opening {}

    /** The profile, or the broker itself, says no. */
    record Refused(Refusal refusal) implements Opening {}

    /** To go on with from something of the caller's own; as {@link Lookup.Found.Own}. */
    record FromOwn(String link, String rest) implements Opening {}
}
