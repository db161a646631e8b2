package dev.redoubt.policy.calls;

import dev.redoubt.protocol.CallError;
import dev.redoubt.protocol.Condition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What people may name in the rules of a profile, and what no profile can have. */
public final class CallNames {
    /**
     * A group of the list.
     *
     * @param allowable calls that a profile can have
     * @param refused calls that no profile can have
     * @param partOf calls of which the group is a part, such as the netlink sockets of socket
     */
    public record GroupNames(
            String name,
            String purpose,
            SortedSet<String> allowable,
            SortedSet<String> refused,
            SortedSet<String> partOf) {
        /** Whether naming the group in a profile can have an effect. */
        public boolean isAllowable() {
            return !allowable.isEmpty() || !partOf.isEmpty();
        }

        /** Whether refusing the group as a whole means what it says, although process 1 keeps what it needs of it. */
        public boolean isDeniable() {
            return GuestCalls.HARMLESS_REST.contains(name) || allowable.stream().noneMatch(CallNames::isGuests);
        }
    }

    private static final SortedMap<String, GroupNames> GROUPS = groupNames();
    private static final SortedMap<String, Rule> RULES = rules();
    private static final SortedMap<String, String> GROUP_OF = groupOf();

    private CallNames() {}

    /** Every group by its name. */
    public static SortedMap<String, GroupNames> groups() {
        return GROUPS;
    }

    public static boolean isCall(String name) {
        return RULES.containsKey(name);
    }

    /** All calls by name. */
    public static Collection<String> calls() {
        return RULES.keySet();
    }

    /** The group of a call of the list. */
    public static String groupOf(String call) {
        String group = GROUP_OF.get(call);
        if (group == null) {
            throw new IllegalArgumentException("no system call is named '" + call + "'");
        }
        return group;
    }

    /** Whether process 1 of every sandbox needs the call, so that it cannot be denied. */
    public static boolean isGuests(String call) {
        return GuestCalls.ALL.contains(call);
    }

    /** What process 1 needs. */
    public static SortedSet<String> ofGuest() {
        return GuestCalls.ALL;
    }

    /** Why the call is refused to every profile; empty when profiles can have it. */
    public static Optional<String> whyNever(String call) {
        Rule rule = rule(call);
        return rule.decision().neverAllows() ? Optional.of(rule.reason()) : Optional.empty();
    }

    /** Why the call is refused or looked at; empty for one that nothing is against. */
    public static String reason(String call) {
        return rule(call).reason();
    }

    /** What the call answers in a profile that does not have it. */
    public static CallError errorWhenDenied(String call) {
        return rule(call).denied();
    }

    /** Why the call is looked at closer even where a profile has it; empty when nothing of it is refused. */
    public static Optional<String> whyPartly(String call) {
        Rule rule = rule(call);
        boolean partly =
                !rule.decision().neverAllows() && !rule.decision().clauses().isEmpty();
        return partly ? Optional.of(rule.reason()) : Optional.empty();
    }

    /** Why this value of this argument is refused to every profile, whatever the other arguments are; empty when it is not. */
    public static Optional<String> whyNever(String call, CallArguments.Named argument, int value) {
        Rule rule = rule(call);
        List<ArgumentTest> asked = Decisions.tests(
                Condition.on(argument.index(), argument.oneOf(new TreeSet<>(List.of(value & argument.mask())))));
        boolean possible = samples(rule.decision()).stream()
                .map(arguments -> with(arguments, argument, value))
                .filter(arguments -> asked.stream().allMatch(test -> test.holds(arguments)))
                .anyMatch(arguments -> rule.decision().decide(arguments) == Verdict.Plain.ALLOW);
        return possible ? Optional.empty() : Optional.of(rule.reason());
    }

    private static long[] with(long[] arguments, CallArguments.Named argument, int value) {
        long[] changed = arguments.clone();
        changed[argument.index()] = Integer.toUnsignedLong(value);
        return changed;
    }

    /** Arguments among which there is one for every way through a decision: each value that a test names or does not, and 0. */
    private static List<long[]> samples(Decision decision) {
        List<long[]> samples = new ArrayList<>();
        samples.add(new long[6]);
        for (int index = 0; index < 6; index++) {
            List<Integer> values = named(decision, index);
            List<long[]> wider = new ArrayList<>(samples);
            for (long[] sample : samples) {
                for (int value : values) {
                    long[] changed = sample.clone();
                    changed[index] = Integer.toUnsignedLong(value);
                    wider.add(changed);
                }
            }
            samples = wider;
        }
        return samples;
    }

    private static List<Integer> named(Decision decision, int index) {
        return decision.clauses().stream()
                .flatMap(clause -> clause.tests().stream())
                .flatMap(test -> switch (test) {
                    case ArgumentTest.OneOf(Argument argument, List<Integer> values) ->
                        argument.index() == index ? values.stream() : Stream.<Integer>empty();
                    case ArgumentTest.AnyBit(Argument argument) ->
                        argument.index() == index ? Stream.of(argument.mask()) : Stream.<Integer>empty();
                    case ArgumentTest.Null(Argument argument) ->
                        argument.index() == index ? Stream.of(1) : Stream.<Integer>empty();
                })
                .distinct()
                .toList();
    }

    private static Rule rule(String call) {
        Rule rule = RULES.get(call);
        if (rule == null) {
            throw new IllegalArgumentException("no system call is named '" + call + "'");
        }
        return rule;
    }

    private static SortedMap<String, GroupNames> groupNames() {
        SortedMap<String, GroupNames> groups = new TreeMap<>();
        for (Group group : CallList.GROUPS) {
            SortedSet<String> allowable = new TreeSet<>();
            SortedSet<String> refused = new TreeSet<>();
            for (Rule rule : group.rules()) {
                (rule.decision().neverAllows() ? refused : allowable).add(rule.call());
            }
            groups.put(
                    group.name(),
                    new GroupNames(group.name(), group.purpose(), allowable, refused, partOf(group.name())));
        }
        return Collections.unmodifiableSortedMap(groups);
    }

    private static SortedSet<String> partOf(String group) {
        SortedSet<String> calls = new TreeSet<>();
        for (Group each : CallList.GROUPS) {
            for (Rule rule : each.rules()) {
                if (rule.decision().clauses().stream()
                        .anyMatch(clause -> clause.group().equals(group))) {
                    calls.add(rule.call());
                }
            }
        }
        return calls;
    }

    private static SortedMap<String, Rule> rules() {
        SortedMap<String, Rule> rules = new TreeMap<>();
        CallList.GROUPS.forEach(group -> group.rules().forEach(rule -> rules.put(rule.call(), rule)));
        return rules;
    }

    private static SortedMap<String, String> groupOf() {
        SortedMap<String, String> groups = new TreeMap<>();
        CallList.GROUPS.forEach(group -> group.rules().forEach(rule -> groups.put(rule.call(), group.name())));
        return groups;
    }
}
