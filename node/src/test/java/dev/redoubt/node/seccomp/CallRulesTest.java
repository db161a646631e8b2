package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Errno;
import dev.redoubt.protocol.Profile.Calls;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CallRulesTest {
    private static Refusal refusal(Calls calls, String call, long... arguments) {
        return CallRules.of(calls).refusal(CallNumbers.of(call), java.util.Arrays.copyOf(arguments, 6));
    }

    /** Whether somebody listens or not must make no difference to a program. */
    @ParameterizedTest
    @EnumSource
    void theBrokersErrorIsTheFilters(Calls calls) {
        Filter.decisions(calls, Asked.NOTHING).forEach((number, decision) -> {
            for (long first : new long[] {0, 1, 2, 16, 40, -1, 0x10000000L, 1L << 32}) {
                long[] arguments = {first, 1, 9, 0, 0, 0};
                if (decision.decide(arguments) instanceof Verdict.Refuse(int errno)) {
                    assertThat(CallRules.of(calls).refusal(number, arguments).errno())
                            .as("%s(%d)", CallNumbers.names().get(number), first)
                            .isEqualTo(errno);
                }
            }
        });
    }

    @Test
    void aRefusalSaysWhyAndWhatThereIsInstead() {
        Refusal refusal = refusal(Calls.STANDARD, "mount");
        assertThat(refusal.errno()).isEqualTo(Errno.EPERM);
        assertThat(refusal.rule()).isEqualTo("@mount");
        assertThat(refusal.reason()).contains("changes what a path means").contains("run --mount");
        assertThat(refusal(Calls.STANDARD, "ptrace").reason()).contains("development");
    }

    /** Should a filter ever ask about more than its list refuses, nothing opens. */
    @Test
    void whatTheListLetsPassIsRefusedWhenAskedAbout() {
        assertThat(refusal(Calls.STANDARD, "getpid").errno()).isEqualTo(Errno.EPERM);
        assertThat(CallRules.of(Calls.STANDARD).refusal(9999, new long[6]).errno())
                .isEqualTo(Errno.EPERM);
    }

    /** Each of them must be refused somewhere, or nobody would ever be asked. */
    @Test
    void everyExplainedCallIsRefusedSomewhere() {
        for (String call : Asked.USUAL.refusals()) {
            Decision decision = Objects.requireNonNull(
                    Filter.decisions(Calls.NARROW, Asked.USUAL).get(CallNumbers.of(call)));
            boolean asks = decision.otherwise() == Verdict.Plain.NOTIFY
                    || decision.clauses().stream().anyMatch(clause -> clause.verdict() == Verdict.Plain.NOTIFY);
            assertThat(asks).as(call).isTrue();
        }
    }
}
