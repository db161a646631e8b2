package dev.redoubt.protocol;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which system calls pass: those of these groups, but for what is said call by call. Whatever stands here, what the walls
 * refuse to everybody stays refused, and what process 1 of the sandbox needs passes.
 *
 * @param groups such as {@code @network}
 * @param calls by name
 * @param asked calls whose refusals the broker gives, with a reason that the sandbox's owner can read
 */
public record CallRules(SortedSet<String> groups, SortedMap<String, CallRule> calls, SortedSet<String> asked) {
    private static final Pattern GROUP = Pattern.compile("@[a-z]+(-[a-z]+)*");
    private static final Pattern CALL = Pattern.compile("[a-z0-9_]{1,40}");

    /** Nothing but what process 1 needs. */
    public static final CallRules NONE =
            new CallRules(Collections.emptySortedSet(), Collections.emptySortedMap(), Collections.emptySortedSet());

    public CallRules {
        groups = Collections.unmodifiableSortedSet(new TreeSet<>(groups));
        calls = Collections.unmodifiableSortedMap(new TreeMap<>(calls));
        asked = Collections.unmodifiableSortedSet(new TreeSet<>(asked));
        groups.forEach(group -> check(GROUP, group));
        asked.forEach(call -> check(CALL, call));
        calls.keySet().forEach(call -> check(CALL, call));
    }

    private static void check(Pattern pattern, String name) {
        if (!pattern.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' is not the name of a group or a system call");
        }
    }

    /** All of these groups, and no word about single calls. */
    public static CallRules ofGroups(String... groups) {
        return new CallRules(
                new TreeSet<>(List.of(groups)), Collections.emptySortedMap(), Collections.emptySortedSet());
    }
}
