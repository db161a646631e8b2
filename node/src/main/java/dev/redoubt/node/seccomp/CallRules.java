package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.protocol.Profile.Calls;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** The list at one level, as the broker reads it: the same decisions that the filter was made of. */
final class CallRules {
    private static final Map<Calls, CallRules> LEVELS = new EnumMap<>(Calls.class);

    private record Judged(Decision decision, String group, String reason) {}

    private final Map<Integer, Judged> calls = new HashMap<>();

    private CallRules(Calls level) {
        for (Group group : CallList.GROUPS) {
            for (Rule rule : group.rules()) {
                String reason = Advice.on(rule.call(), group.name())
                        .map(advice -> rule.reason() + "; " + advice)
                        .orElse(rule.reason());
                calls.put(rule.number(), new Judged(rule.decision().at(level), group.name(), reason));
            }
        }
    }

    static CallRules of(Calls level) {
        synchronized (LEVELS) {
            return LEVELS.computeIfAbsent(level, CallRules::new);
        }
    }

    /** What the list says to a call that was asked about, by its registers alone. */
    Refusal refusal(int number, long[] arguments) {
        Judged judged = calls.get(number);
        if (judged != null && judged.decision.decide(arguments) instanceof Verdict.Refuse(int errno)) {
            return new Refusal(errno, judged.group, judged.reason);
        }
        // No filter of ours asks about a call that its list lets pass. What asks all the same is refused.
        return new Refusal(Errno.EPERM, "", "the broker was asked about a call that it has no rule for");
    }
}
