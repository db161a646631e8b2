package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.Profile.Calls;
import java.util.List;

/**
 * One line of a decision: from this level on, when all tests hold, this verdict.
 *
 * @param least the narrowest level at which the clause stands
 */
record Clause(Calls least, Verdict verdict, List<ArgumentTest> tests) {
    Clause {
        tests = List.copyOf(tests);
    }

    /** The same clause standing only from {@code level} on. */
    Clause from(Calls level) {
        return new Clause(level, verdict, tests);
    }

    boolean holds(long[] arguments) {
        return tests.stream().allMatch(test -> test.holds(arguments));
    }
}
