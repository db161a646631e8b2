package dev.redoubt.node.seccomp;

/**
 * One call of the list.
 *
 * @param reason why it is refused or looked at; empty for a call allowed as it is
 */
record Rule(String call, Decision decision, String reason) {
    Rule {
        CallNumbers.of(call);
    }

    int number() {
        return CallNumbers.of(call);
    }
}
