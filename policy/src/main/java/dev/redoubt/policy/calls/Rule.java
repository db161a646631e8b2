package dev.redoubt.policy.calls;

import dev.redoubt.protocol.CallError;

/**
 * One call of the list.
 *
 * @param reason why it is refused or looked at; empty for a call allowed as it is
 * @param denied what it answers in a profile that does not allow it
 */
record Rule(String call, Decision decision, String reason, CallError denied) {
    /** renameat2, of Linux 3.15: for what came later programs know an older way. */
    private static final int FIRST_YOUNG_CALL = 316;

    Rule {
        CallNumbers.of(call);
    }

    static Rule of(String call, Decision decision, String reason) {
        return new Rule(
                call, decision, reason, CallNumbers.of(call) >= FIRST_YOUNG_CALL ? CallError.ENOSYS : CallError.EPERM);
    }

    Rule denied(CallError error) {
        return new Rule(call, decision, reason, error);
    }

    int number() {
        return CallNumbers.of(call);
    }
}
