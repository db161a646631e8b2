package dev.redoubt.policy.profile;

import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.profile.Document.CallLine;
import dev.redoubt.policy.profile.Document.Verb;
import dev.redoubt.protocol.CallError;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Puts the system calls of a document on top of its parent's: groups first, then calls one by one. */
final class CallResolution {
    /** What the broker answers with the sandbox's own numbers wherever it is allowed: under broker it is not refused. */
    private static final String ANSWERED = "sysinfo";

    private final List<CallLine> lines;
    private final Findings findings;
    private final SortedSet<String> groups;
    private final SortedMap<String, CallRule> calls;
    private final SortedSet<String> asked;

    CallResolution(List<CallLine> lines, CallRules parent, Findings findings) {
        this.lines = lines;
        this.findings = findings;
        this.groups = new TreeSet<>(parent.groups());
        this.calls = new TreeMap<>(parent.calls());
        this.asked = new TreeSet<>(parent.asked());
    }

    CallRules resolve() {
        checkTwice();
        lines.stream().filter(CallLine::isGroup).forEach(this::group);
        lines.stream().filter(line -> !line.isGroup()).forEach(this::call);
        dropParts();
        return new CallRules(groups, calls, asked);
    }

    /** The same subject twice, but for what may be said together: allowed, and refused under conditions. */
    private void checkTwice() {
        Map<String, List<CallLine>> seen = new HashMap<>();
        for (CallLine line : lines) {
            List<CallLine> before = seen.computeIfAbsent(line.subject(), _ -> new ArrayList<>());
            before.stream()
                    .filter(other -> !areTogether(other, line))
                    .findFirst()
                    .ifPresent(other -> findings.add(
                            line.place(),
                            line.subject() + " again; line " + other.place().line() + " has it under " + other.verb()
                                    + " already"));
            before.add(line);
        }
    }

    private static boolean areTogether(CallLine first, CallLine second) {
        boolean firstRefuses = refusesUnderConditions(first);
        boolean secondRefuses = refusesUnderConditions(second);
        if (firstRefuses && secondRefuses) {
            return first.verb() == second.verb();
        }
        return (firstRefuses && second.verb() == Verb.ALLOW) || (secondRefuses && first.verb() == Verb.ALLOW);
    }

    private static boolean refusesUnderConditions(CallLine line) {
        return line.verb() != Verb.ALLOW && !line.when().isEmpty();
    }

    private void group(CallLine line) {
        CallNames.GroupNames group = groupNames(line.subject());
        if (line.verb() == Verb.ALLOW && !group.isAllowable()) {
            findings.add(line.place(), group.name() + " is refused to every profile: " + group.purpose());
            return;
        }
        forget(group); // a later word about the whole group
        if (line.verb() == Verb.ALLOW) {
            groups.add(group.name());
            return;
        }
        if (!group.isDeniable()) {
            findings.add(
                    line.place(),
                    group.name()
                            + " cannot be refused as a whole: process 1 of the sandbox stands behind the same filter"
                            + " and needs "
                            + group.allowable().stream()
                                    .filter(CallNames::isGuests)
                                    .collect(Collectors.joining(" "))
                            + "; name the others one by one");
            return;
        }
        groups.remove(group.name());
        if (line.error().isPresent() || line.verb() == Verb.BROKER) {
            group.allowable().stream().filter(call -> !CallNames.isGuests(call)).forEach(call -> refuseOne(call, line));
        }
        if (line.verb() == Verb.BROKER) {
            asked.addAll(group.refused());
        }
    }

    private void refuseOne(String call, CallLine line) {
        calls.put(call, new CallRule.Deny(line.error().orElse(CallNames.errorWhenDenied(call))));
        if (line.verb() == Verb.BROKER) {
            asked.add(call);
        }
    }

    private void forget(CallNames.GroupNames group) {
        calls.keySet().removeAll(group.allowable());
        asked.removeAll(group.allowable());
    }

    private static CallNames.GroupNames groupNames(String name) {
        CallNames.GroupNames group = CallNames.groups().get(name);
        if (group == null) {
            throw new IllegalStateException("the reader let the group " + name + " pass");
        }
        return group;
    }

    private void call(CallLine line) {
        String call = line.subject();
        Optional<String> never = CallNames.whyNever(call);
        if (never.isPresent()) {
            refusedAnyway(line, never.get());
        } else if (CallNames.isGuests(call)) {
            guests(line);
        } else if (line.verb() == Verb.ALLOW || isAnswered(line)) {
            allow(line);
        } else {
            refuse(line);
        }
    }

    private void refusedAnyway(CallLine line, String reason) {
        switch (line.verb()) {
            case ALLOW -> findings.add(line.place(), line.subject() + " is refused to every profile: " + reason);
            case DENY -> {}
            case BROKER -> asked.add(line.subject());
        }
    }

    private void guests(CallLine line) {
        if (line.verb() != Verb.ALLOW || !line.when().isEmpty()) {
            findings.add(
                    line.place(),
                    line.subject() + " cannot be refused or narrowed: process 1 of the sandbox stands behind the same"
                            + " filter and needs it");
        }
    }

    private void allow(CallLine line) {
        asked.remove(line.subject());
        if (line.when().isEmpty() && groups.contains(CallNames.groupOf(line.subject()))) {
            calls.remove(line.subject());
        } else {
            calls.put(line.subject(), new CallRule.Allow(line.when(), List.of()));
        }
    }

    private static boolean isAnswered(CallLine line) {
        return line.verb() == Verb.BROKER
                && line.subject().equals(ANSWERED)
                && line.when().isEmpty()
                && line.error().isEmpty();
    }

    private void refuse(CallLine line) {
        String call = line.subject();
        asked.remove(call);
        if (line.when().isEmpty()) {
            refuseOne(call, line);
            return;
        }
        CallRule before = calls.get(call);
        if (before == null && groups.contains(CallNames.groupOf(call))) {
            before = CallRule.ALWAYS;
        }
        if (!(before instanceof CallRule.Allow allowed)) {
            findings.add(
                    line.place(), call + " is not allowed at all, so there is nothing to be refused under a condition");
            return;
        }
        if (line.verb() == Verb.BROKER) {
            asked.add(call);
        }
        CallError error = line.error().orElse(CallNames.errorWhenDenied(call));
        List<CallRule.Refusal> except = new ArrayList<>(allowed.except());
        line.when().forEach(when -> except.add(new CallRule.Refusal(when, error)));
        calls.put(call, new CallRule.Allow(allowed.onlyWhen(), except));
    }

    /** A group that is a part of calls which are not there: inherited it goes, asked for here it is a contradiction. */
    private void dropParts() {
        for (String name : List.copyOf(groups)) {
            CallNames.GroupNames group = groupNames(name);
            if (!group.allowable().isEmpty() || group.partOf().stream().anyMatch(this::isAllowed)) {
                continue;
            }
            groups.remove(name);
            lines.stream()
                    .filter(line -> line.verb() == Verb.ALLOW && line.subject().equals(name))
                    .forEach(line -> findings.add(
                            line.place(),
                            name + " is a part of " + String.join(", ", group.partOf()) + ", which is not allowed"));
        }
    }

    private boolean isAllowed(String call) {
        CallRule said = calls.get(call);
        return said == null ? groups.contains(CallNames.groupOf(call)) : said instanceof CallRule.Allow;
    }
}
