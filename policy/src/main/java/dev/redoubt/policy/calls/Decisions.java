package dev.redoubt.policy.calls;

import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Condition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** What the list decides under the rules of a profile. */
public final class Decisions {
    /** Of the built-in profile, whose text takes longer to read than an archive to unpack. A test holds them equal. */
    static final CallRules MINIMAL = CallRules.ofGroups(
            "@basic-io",
            "@clock",
            "@credentials",
            "@file-system",
            "@memory",
            "@network",
            "@process",
            "@self-confinement",
            "@signal",
            "@system-facts");

    private Decisions() {}

    /** Every call of the list with its decision, by number; a number without one is a call that nobody knows. */
    public static SortedMap<Integer, Decision> of(CallRules rules) {
        return each((rule, group) -> of(rule, group.name(), rules));
    }

    /** The same for a profile that has all that profiles can have: what is refused here is refused to everybody. */
    public static SortedMap<Integer, Decision> ofWalls() {
        return WALLS;
    }

    private static final SortedMap<Integer, Decision> WALLS = each((rule, _) -> rule.decision());

    /** For the program that unpacks images: as in the profile {@code minimal}, and less. */
    public static SortedMap<Integer, Decision> ofUnpacking() {
        SortedMap<Integer, Decision> decisions = new TreeMap<>(of(MINIMAL));
        CallList.UNPACKING.rules().forEach(rule -> decisions.put(rule.number(), rule.decision()));
        return Collections.unmodifiableSortedMap(decisions);
    }

    private static SortedMap<Integer, Decision> each(BiFunction<Rule, Group, Decision> decide) {
        SortedMap<Integer, Decision> decisions = new TreeMap<>();
        for (Group group : CallList.GROUPS) {
            for (Rule rule : group.rules()) {
                if (decisions.put(rule.number(), decide.apply(rule, group)) != null) {
                    throw new IllegalStateException("the list names " + rule.call() + " twice");
                }
            }
        }
        return Collections.unmodifiableSortedMap(decisions);
    }

    private static Decision of(Rule rule, String group, CallRules rules) {
        Decision walls = rule.decision().in(rules.groups());
        if (walls.neverAllows() || GuestCalls.ALL.contains(rule.call())) {
            return walls;
        }
        CallRule said = rules.calls().get(rule.call());
        if (said == null) {
            return rules.groups().contains(group)
                    ? walls
                    : refusal(rule.denied().number());
        }
        return switch (said) {
            case CallRule.Deny(var error) -> refusal(error.number());
            case CallRule.Allow allow -> narrowed(walls, rule, allow);
        };
    }

    private static Decision refusal(int errno) {
        return Decision.always(new Verdict.Refuse(errno));
    }

    /** Exceptions stand in front of everything, so that no clause behind them can allow what they refuse. */
    private static Decision narrowed(Decision walls, Rule rule, CallRule.Allow allow) {
        Decision decision = walls;
        if (!allow.onlyWhen().isEmpty()) {
            List<List<ArgumentTest>> alternatives =
                    allow.onlyWhen().stream().map(Decisions::tests).toList();
            decision = decision.onlyWhen(alternatives, rule.denied().number());
        }
        for (CallRule.Refusal except : allow.except()) {
            decision = decision.refusing(tests(except.when()), except.error().number());
        }
        return decision;
    }

    static List<ArgumentTest> tests(Condition condition) {
        List<ArgumentTest> tests = new ArrayList<>();
        condition
                .tests()
                .forEach((index, test) -> tests.add(
                        switch (test) {
                            case Condition.OneOf(int mask, var values) ->
                                new ArgumentTest.OneOf(new Argument(index, mask), List.copyOf(values));
                            case Condition.AnyBit(int bits) -> new ArgumentTest.AnyBit(new Argument(index, bits));
                        }));
        return List.copyOf(tests);
    }
}
