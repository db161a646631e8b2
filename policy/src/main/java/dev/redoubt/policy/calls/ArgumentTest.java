package dev.redoubt.policy.calls;

import java.util.List;

/** A question about one argument of a call. */
public sealed interface ArgumentTest {
    record OneOf(Argument argument, List<Integer> values) implements ArgumentTest {
        public OneOf {
            values = List.copyOf(values);
            if (values.isEmpty()) {
                throw new IllegalArgumentException("a test without a value never holds");
            }
            for (int value : values) {
                if ((value & ~argument.mask()) != 0) {
                    throw new IllegalArgumentException("value " + value + " has bits outside the mask");
                }
            }
        }
    }

    record AnyBit(Argument argument) implements ArgumentTest {}

    /** Of all 64 bits none is set. */
    record Null(Argument argument) implements ArgumentTest {}

    default boolean holds(long[] arguments) {
        return switch (this) {
            case OneOf(Argument argument, List<Integer> values) -> values.contains(argument.of(arguments));
            case AnyBit(Argument argument) -> argument.of(arguments) != 0;
            case Null(Argument argument) -> arguments[argument.index()] == 0;
        };
    }
}
