package dev.redoubt.policy.profile;

import dev.redoubt.policy.calls.CallArguments;
import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Decisions;
import dev.redoubt.policy.calls.Verdict;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Condition;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Profile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** Makes a profile of what a command was seen to do: the calls that it made, and nothing else. */
public final class Learning {
    private static final String SOCKET = "socket";
    private static final int MOST_KINDS = 16;

    private Learning() {}

    /**
     * The smallest profile under which the same can be done.
     *
     * @param within the profile under which it was seen; its users, root, network, devices and limits are kept
     * @param seen by the name of a call the registers with which it was made; an empty set when they do not matter
     * @param narrowed what is left of what that profile lets be done with files; patterns are left away
     */
    public static Profile profile(
            String name,
            String description,
            Profile within,
            SortedMap<String, Set<List<Integer>>> seen,
            UnaryOperator<FileRules> narrowed) {
        SortedMap<String, CallRule> calls = new TreeMap<>();
        seen.forEach((call, kinds) -> {
            if (!CallNames.isGuests(call)) {
                calls.put(call, call.equals(SOCKET) ? sockets(kinds) : CallRule.ALWAYS);
            }
        });
        return new Profile(
                name,
                description,
                within.runtimes(),
                within.requires(),
                within.users(),
                within.root(),
                within.network(),
                within.devices(),
                within.resources(),
                narrowed.apply(within.files()).withPatterns(PathPatterns.NONE),
                new CallRules(parts(within, calls, seen), calls, Collections.emptySortedSet()),
                within.onDrift());
    }

    /** Families and types: what a socket is decides what it reaches. Too many to list are not worth a list. */
    private static CallRule sockets(Set<List<Integer>> kinds) {
        CallArguments.Named domain = CallArguments.at(SOCKET, 0);
        CallArguments.Named type = CallArguments.at(SOCKET, 1);
        SortedMap<Integer, SortedSet<Integer>> types = new TreeMap<>();
        kinds.forEach(registers ->
                types.computeIfAbsent(registers.get(0), _ -> new TreeSet<>()).add(registers.get(1) & type.mask()));
        List<Condition> conditions = new ArrayList<>();
        types.forEach((family, ofFamily) -> {
            TreeMap<Integer, Condition.Test> tests = new TreeMap<>();
            tests.put(domain.index(), domain.oneOf(new TreeSet<>(Set.of(family))));
            tests.put(type.index(), type.oneOf(ofFamily));
            conditions.add(new Condition(tests));
        });
        return conditions.isEmpty() || conditions.size() > MOST_KINDS
                ? CallRule.ALWAYS
                : new CallRule.Allow(conditions, List.of());
    }

    /** Groups that are parts of calls, such as the netlink sockets of socket: those without which something seen is refused. */
    private static SortedSet<String> parts(
            Profile within, SortedMap<String, CallRule> calls, Map<String, Set<List<Integer>>> seen) {
        CallRules without = new CallRules(Collections.emptySortedSet(), calls, Collections.emptySortedSet());
        Map<Integer, Decision> decisions = Decisions.of(without);
        SortedSet<String> groups = new TreeSet<>();
        for (CallNames.GroupNames group : CallNames.groups().values()) {
            boolean needed = group.partOf().stream().anyMatch(call -> isRefused(call, decisions, seen));
            if (needed && within.calls().groups().contains(group.name())) {
                groups.add(group.name());
            }
        }
        return groups;
    }

    private static boolean isRefused(
            String call, Map<Integer, Decision> decisions, Map<String, Set<List<Integer>>> seen) {
        Decision decision = Objects.requireNonNull(decisions.get(CallNumbers.of(call)));
        return seen.getOrDefault(call, Set.of()).stream()
                .map(registers ->
                        registers.stream().mapToLong(Integer::toUnsignedLong).toArray())
                .anyMatch(registers -> decision.decide(Arrays.copyOf(registers, 6)) != Verdict.Plain.ALLOW);
    }
}
