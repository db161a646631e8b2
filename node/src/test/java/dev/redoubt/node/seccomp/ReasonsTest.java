package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Verdict;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Profile;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReasonsTest {
    private static final CallRules STANDARD = Profile.DEFAULT.calls();
    private static final CallRules NARROW =
            BuiltIns.find("minimal").orElseThrow().calls();

    private static Refusal refusal(CallRules calls, String call, long... arguments) {
        return Reasons.of(calls).refusal(CallNumbers.of(call), java.util.Arrays.copyOf(arguments, 6));
    }

    /** Whether somebody listens or not must make no difference to a program. */
    @ParameterizedTest
    @MethodSource("dev.redoubt.node.seccomp.FilterTest#rules")
    void theBrokersErrorIsTheFilters(CallRules calls) {
        Filter.decisions(calls, Asked.NOTHING).forEach((number, decision) -> {
            for (long first : new long[] {0, 1, 2, 16, 40, -1, 0x10000000L, 1L << 32}) {
                long[] arguments = {first, 1, 9, 0, 0, 0};
                if (decision.decide(arguments) instanceof Verdict.Refuse(int errno)) {
                    assertThat(Reasons.of(calls).refusal(number, arguments).errno())
                            .as("%s(%d)", CallNumbers.names().get(number), first)
                            .isEqualTo(errno);
                }
            }
        });
    }

    @Test
    void aRefusalSaysWhyAndWhatThereIsInstead() {
        Refusal refusal = refusal(STANDARD, "mount");
        assertThat(refusal.errno()).isEqualTo(Errno.EPERM);
        assertThat(refusal.rule()).isEqualTo("@mount");
        assertThat(refusal.reason()).contains("changes what a path means").contains("run --mount");
        assertThat(refusal(STANDARD, "ptrace").reason()).contains("development");
    }

    /** Should a filter ever ask about more than its list refuses, nothing opens. */
    @Test
    void whatTheListLetsPassIsRefusedWhenAskedAbout() {
        assertThat(refusal(STANDARD, "getpid").errno()).isEqualTo(Errno.EPERM);
        assertThat(Reasons.of(STANDARD).refusal(9999, new long[6]).errno()).isEqualTo(Errno.EPERM);
    }

    /** Each of them must be refused somewhere, or nobody would ever be asked. */
    @Test
    void everyExplainedCallIsRefusedSomewhere() {
        for (String call : Asked.USUAL.refusals()) {
            Decision decision =
                    Objects.requireNonNull(Filter.decisions(NARROW, Asked.USUAL).get(CallNumbers.of(call)));
            boolean asks = decision.otherwise() == Verdict.Plain.NOTIFY
                    || decision.clauses().stream().anyMatch(clause -> clause.verdict() == Verdict.Plain.NOTIFY);
            assertThat(asks).as(call).isTrue();
        }
    }
}
