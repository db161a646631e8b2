package dev.redoubt.protocol;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A question about the registers of a system call; it holds when all its tests do.
 *
 * <p>Registers only: what a pointer leads to can be changed by another thread between the question and the call.
 *
 * @param tests by the number of the argument, 0 to 5
 */
public record Condition(SortedMap<Integer, Test> tests) {
    /** A question about the low 32 bits of one argument. */
    public sealed interface Test {}

    /**
     * Of it, these bits are one of these values.
     *
     * @param mask -1 for all bits
     */
    public record OneOf(int mask, SortedSet<Integer> values) implements Test {
        public OneOf {
            values = Collections.unmodifiableSortedSet(new TreeSet<>(values));
            if (values.isEmpty()) {
                throw new IllegalArgumentException("a test without a value never holds");
            }
            for (int value : values) {
                if ((value & ~mask) != 0) {
                    throw new IllegalArgumentException("value " + value + " has bits outside the mask");
                }
            }
        }
    }

    /** At least one of these bits is set. */
    public record AnyBit(int bits) implements Test {
        public AnyBit {
            if (bits == 0) {
                throw new IllegalArgumentException("a test without a bit never holds");
            }
        }
    }

    public Condition {
        tests = Collections.unmodifiableSortedMap(new TreeMap<>(tests));
        if (tests.isEmpty() || tests.firstKey() < 0 || tests.lastKey() > 5) {
            throw new IllegalArgumentException(
                    "a condition looks at arguments 0 to 5, at least one: " + tests.keySet());
        }
    }

    /** A condition on one argument. */
    public static Condition on(int argument, Test test) {
        return new Condition(new TreeMap<>(Map.of(argument, test)));
    }
}
