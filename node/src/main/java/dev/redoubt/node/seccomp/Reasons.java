package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Decisions;
import dev.redoubt.policy.calls.Verdict;
import dev.redoubt.protocol.CallRules;
import java.util.SortedMap;

/** The list under the rules of one profile, as the broker reads it: the same decisions that the filter was made of. */
final class Reasons {
    private static final Recent<CallRules, Reasons> RECENT = new Recent<>(Reasons::new);

    private final SortedMap<Integer, Decision> decisions;
    private final SortedMap<Integer, Decision> walls;

    private Reasons(CallRules rules) {
        this.decisions = Decisions.of(rules);
        this.walls = Decisions.ofWalls();
    }

    static Reasons of(CallRules rules) {
        return RECENT.of(rules);
    }

    /** Whether the list lets a call pass, by its registers alone. */
    boolean allows(int number, long[] arguments) {
        Decision decision = decisions.get(number);
        return decision != null && decision.decide(arguments) == Verdict.Plain.ALLOW;
    }

    /** What the list says to a call that was asked about, by its registers alone. */
    Refusal refusal(int number, long[] arguments) {
        Decision decision = decisions.get(number);
        if (decision != null && decision.decide(arguments) instanceof Verdict.Refuse(int errno)) {
            String call = CallNumbers.nameOf(number);
            String group = CallNames.groupOf(call);
            return new Refusal(errno, group, reason(call, group, number, arguments));
        }
        // No filter of ours asks about a call that its list lets pass. What asks all the same is refused.
        return new Refusal(Errno.EPERM, "", "the broker was asked about a call that it has no rule for");
    }

    private String reason(String call, String group, int number, long[] arguments) {
        Decision all = walls.get(number);
        boolean byProfile = all != null && !(all.decide(arguments) instanceof Verdict.Refuse);
        String reason = byProfile ? "the profile does not allow it" : CallNames.reason(call);
        return Advice.on(call, group).map(advice -> reason + "; " + advice).orElse(reason);
    }
}
