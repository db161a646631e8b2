package dev.redoubt.node.escape;

import java.util.List;

/**
 * The call at which an attack ended.
 *
 * @param name as the battery calls it; empty when the attack was no call
 * @param number of x86-64, -1 when the attack was no call
 */
public record SystemCall(String name, int number, List<Long> arguments) {
    static final int ARGUMENTS = 6;

    public SystemCall {
        arguments = List.copyOf(arguments);
        if (arguments.size() != ARGUMENTS) {
            throw new IllegalArgumentException("a call has six arguments, not " + arguments.size());
        }
    }

    boolean wasMade() {
        return number >= 0;
    }
}
