package dev.redoubt.node.seccomp;

import java.time.Duration;
import java.time.Instant;

/**
 * One call that the broker was asked about.
 *
 * @param process its number inside the sandbox; 0 when it had ended
 * @param call name of the system call
 * @param words the call as one would write it, printable ASCII only: what is in it comes from a stranger
 * @param rule the group of the list that decided
 * @param latency from its arrival at the broker to the answer
 */
public record CallEvent(
        Instant at, int process, String call, String words, String rule, Outcome outcome, Duration latency) {}
