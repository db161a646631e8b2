package dev.redoubt.policy.calls;

import java.util.List;
import java.util.Set;

/**
 * One line of a decision: when all tests hold, this verdict.
 *
 * @param group the group that has to be allowed for the clause to stand; empty when it always stands
 */
public record Clause(String group, Verdict verdict, List<ArgumentTest> tests) {
    public Clause {
        tests = List.copyOf(tests);
    }

    /** The same clause, standing only where {@code group} is allowed. */
    Clause in(String group) {
        return new Clause(group, verdict, tests);
    }

    boolean stands(Set<String> groups) {
        return group.isEmpty() || groups.contains(group);
    }

    boolean holds(long[] arguments) {
        return tests.stream().allMatch(test -> test.holds(arguments));
    }
}
