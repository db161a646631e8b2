package dev.redoubt.policy.profile;

import dev.redoubt.policy.calls.CallArguments;
import dev.redoubt.policy.profile.Document.Verb;
import dev.redoubt.protocol.CallError;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Condition;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.FileRules.Access;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.Resources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * A profile as one document that extends nothing: what {@code profile show} prints, what travels to the daemon, and what a
 * profile's hash is taken of. {@link ProfileReader} reads the same profile back.
 */
public final class ProfileText {
    private ProfileText() {}

    /** The document. The same profile always has the same. */
    public static String of(Profile profile) {
        return YamlText.of(tree(profile));
    }

    /** The document of a profile that has only these rules for system calls. */
    public static String of(CallRules calls) {
        Map<String, Object> tree = new LinkedHashMap<>();
        put(tree, "syscalls", calls(calls));
        return YamlText.of(tree);
    }

    /** The document as maps, lists, texts and numbers, for writers of other formats. */
    public static Map<String, Object> tree(Profile profile) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("name", profile.name());
        put(tree, "description", profile.description());
        tree.put("runtime", words(profile.runtimes()));
        tree.put("require", words(profile.requires()));
        tree.put("users", profile.users().toString());
        tree.put("root", profile.root().toString());
        tree.put("network", profile.network().toString());
        tree.put("devices", words(profile.devices()));
        put(tree, "resources", resources(profile.resources()));
        tree.put("filesystem", files(profile.files()));
        put(tree, "syscalls", calls(profile.calls()));
        put(
                tree,
                "on-drift",
                profile.onDrift() == Profile.OnDrift.REPORT
                        ? ""
                        : profile.onDrift().toString());
        return tree;
    }

    /** What is empty is not said. */
    private static void put(Map<String, Object> tree, String key, Object value) {
        if (!value.equals("") && !value.equals(Map.of())) {
            tree.put(key, value);
        }
    }

    private static List<String> words(Collection<?> values) {
        return values.stream().map(Object::toString).toList();
    }

    private static Map<String, Object> resources(Resources resources) {
        Map<String, Object> tree = new LinkedHashMap<>();
        resources.memory().ifPresent(memory -> tree.put("memory", memory.toString()));
        resources.cpus().ifPresent(cpus -> tree.put("cpus", cpus.toString()));
        resources.pids().ifPresent(pids -> tree.put("pids", (long) pids));
        resources.disk().ifPresent(disk -> tree.put("disk", disk.toString()));
        resources.inodes().ifPresent(inodes -> tree.put("inodes", inodes));
        put(tree, "io", io(resources.io()));
        resources.wall().ifPresent(wall -> tree.put("wall", time(wall)));
        resources.idle().ifPresent(idle -> tree.put("idle", time(idle)));
        return tree;
    }

    private static Map<String, Object> io(IoLimits io) {
        Map<String, Object> tree = new LinkedHashMap<>();
        io.readBps().ifPresent(bps -> tree.put("readBps", bps));
        io.writeBps().ifPresent(bps -> tree.put("writeBps", bps));
        io.readIops().ifPresent(count -> tree.put("readIops", count));
        io.writeIops().ifPresent(count -> tree.put("writeIops", count));
        return tree;
    }

    private static Map<String, Object> files(FileRules files) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("root", files.readOnlyRoot() ? "readonly" : "writable");
        for (Access access : Access.values()) {
            if (!files.with(access).isEmpty()) {
                tree.put(access.toString(), words(files.with(access)));
            }
        }
        if (!files.patterns().isEmpty()) {
            tree.put("patterns", files.patterns().hidden());
        }
        return tree;
    }

    private static Map<String, Object> calls(CallRules rules) {
        SortedMap<Verb, List<Object>> lists = new TreeMap<>();
        rules.groups().forEach(group -> add(lists, Verb.ALLOW, group));
        rules.calls().forEach((call, rule) -> call(call, rule, rules, lists));
        rules.asked().stream()
                .filter(call -> !rules.calls().containsKey(call))
                .forEach(call -> add(lists, Verb.BROKER, call));
        Map<String, Object> tree = new LinkedHashMap<>();
        lists.forEach((verb, entries) -> tree.put(verb.toString(), entries));
        return tree;
    }

    private static void add(SortedMap<Verb, List<Object>> lists, Verb verb, Object entry) {
        lists.computeIfAbsent(verb, _ -> new ArrayList<>()).add(entry);
    }

    private static void call(String call, CallRule rule, CallRules rules, SortedMap<Verb, List<Object>> lists) {
        Verb refusing = rules.asked().contains(call) ? Verb.BROKER : Verb.DENY;
        switch (rule) {
            case CallRule.Deny(var error) -> add(lists, refusing, entry(call, List.of(), error.name()));
            case CallRule.Allow(var onlyWhen, var except) -> {
                add(lists, Verb.ALLOW, onlyWhen.isEmpty() ? call : entry(call, onlyWhen, ""));
                SortedMap<CallError, List<Condition>> byError = new TreeMap<>();
                except.forEach(refusal -> byError.computeIfAbsent(refusal.error(), _ -> new ArrayList<>())
                        .add(refusal.when()));
                byError.forEach((error, when) -> add(lists, refusing, entry(call, when, error.name())));
            }
        }
    }

    private static Map<String, Object> entry(String call, List<Condition> when, String error) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("call", call);
        if (!when.isEmpty()) {
            entry.put(
                    "when",
                    when.stream().map(condition -> condition(call, condition)).toList());
        }
        put(entry, "error", error);
        return entry;
    }

    private static Map<String, Object> condition(String call, Condition condition) {
        Map<String, Object> tree = new LinkedHashMap<>();
        condition.tests().forEach((index, test) -> {
            CallArguments.Named argument = CallArguments.at(call, index);
            tree.put(argument.name(), test(argument, test));
        });
        return tree;
    }

    private static Object test(CallArguments.Named argument, Condition.Test test) {
        return switch (test) {
            case Condition.OneOf(int ignored, var values) ->
                values.stream().map(argument::nameOf).toList();
            case Condition.AnyBit(int bits) -> Map.of("has", bits(argument, bits));
        };
    }

    /** The names of single bits. */
    static List<String> bits(CallArguments.Named argument, int bits) {
        return IntStream.range(0, Integer.SIZE)
                .map(bit -> 1 << bit)
                .filter(bit -> (bits & bit) != 0)
                .mapToObj(argument::nameOf)
                .toList();
    }

    static String time(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }
}
