package dev.redoubt.policy.profile;

import dev.redoubt.policy.calls.CallArguments;
import dev.redoubt.policy.profile.Document.Verb;
import dev.redoubt.protocol.CallError;
import dev.redoubt.protocol.CallRule;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Condition;
import dev.redoubt.protocol.FileRules.Access;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.Resources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A profile as one document that extends nothing: what {@code profile show} prints, what travels to the daemon, and what a
 * profile's hash is taken of. {@link ProfileReader} reads the same profile back.
 */
public final class ProfileText {
    private final StringBuilder out = new StringBuilder();

    private ProfileText() {}

    /** The document. The same profile always has the same. */
    public static String of(Profile profile) {
        ProfileText text = new ProfileText();
        text.profile(profile);
        return text.out.toString();
    }

    /** The document of a profile that has only these rules for system calls. */
    public static String of(CallRules calls) {
        ProfileText text = new ProfileText();
        text.calls(calls);
        return text.out.isEmpty() ? "{}" : text.out.toString();
    }

    private void profile(Profile profile) {
        line("name: " + profile.name());
        if (!profile.description().isEmpty()) {
            line("description: " + quoted(profile.description()));
        }
        line("runtime: " + flow(profile.runtimes()));
        line("require: " + flow(profile.requires()));
        line("users: " + profile.users());
        line("root: " + profile.root());
        line("network: " + profile.network());
        line("devices: " + flow(profile.devices()));
        resources(profile.resources());
        files(profile);
        calls(profile.calls());
    }

    private void resources(Resources resources) {
        if (resources.equals(Resources.NONE)) {
            return;
        }
        line("resources:");
        resources.memory().ifPresent(memory -> line("  memory: " + memory));
        resources.cpus().ifPresent(cpus -> line("  cpus: " + cpus));
        resources.pids().ifPresent(pids -> line("  pids: " + pids));
        resources.disk().ifPresent(disk -> line("  disk: " + disk));
        resources.inodes().ifPresent(inodes -> line("  inodes: " + inodes));
        if (!resources.io().isNone()) {
            line("  io:");
            resources.io().readBps().ifPresent(bps -> line("    readBps: " + bps));
            resources.io().writeBps().ifPresent(bps -> line("    writeBps: " + bps));
            resources.io().readIops().ifPresent(count -> line("    readIops: " + count));
            resources.io().writeIops().ifPresent(count -> line("    writeIops: " + count));
        }
        resources.wall().ifPresent(wall -> line("  wall: " + time(wall)));
        resources.idle().ifPresent(idle -> line("  idle: " + time(idle)));
    }

    private void files(Profile profile) {
        line("filesystem:");
        line("  root: " + (profile.files().readOnlyRoot() ? "readonly" : "writable"));
        for (Access access : Access.values()) {
            if (!profile.files().with(access).isEmpty()) {
                line("  " + access + ":");
                profile.files().with(access).forEach(path -> line("    - " + quoted(path.text())));
            }
        }
    }

    private void calls(CallRules rules) {
        SortedMap<Verb, List<String>> lists = new TreeMap<>();
        rules.groups().forEach(group -> add(lists, Verb.ALLOW, "\"" + group + "\""));
        rules.calls().forEach((call, rule) -> call(call, rule, rules, lists));
        rules.asked().stream()
                .filter(call -> !rules.calls().containsKey(call))
                .forEach(call -> add(lists, Verb.BROKER, call));
        if (!lists.isEmpty()) {
            line("syscalls:");
        }
        lists.forEach((verb, entries) -> {
            line("  " + verb + ":");
            entries.forEach(entry -> line("    - " + entry));
        });
    }

    private static void add(SortedMap<Verb, List<String>> lists, Verb verb, String entry) {
        lists.computeIfAbsent(verb, _ -> new ArrayList<>()).add(entry);
    }

    private static void call(String call, CallRule rule, CallRules rules, SortedMap<Verb, List<String>> lists) {
        Verb refusing = rules.asked().contains(call) ? Verb.BROKER : Verb.DENY;
        switch (rule) {
            case CallRule.Deny(var error) -> add(lists, refusing, "{call: " + call + ", error: " + error + "}");
            case CallRule.Allow(var onlyWhen, var except) -> {
                add(
                        lists,
                        Verb.ALLOW,
                        onlyWhen.isEmpty() ? call : "{call: " + call + ", when: " + conditions(call, onlyWhen) + "}");
                SortedMap<CallError, List<Condition>> byError = new TreeMap<>();
                except.forEach(refusal -> byError.computeIfAbsent(refusal.error(), _ -> new ArrayList<>())
                        .add(refusal.when()));
                byError.forEach((error, when) -> add(
                        lists,
                        refusing,
                        "{call: " + call + ", when: " + conditions(call, when) + ", error: " + error + "}"));
            }
        }
    }

    private static String conditions(String call, List<Condition> conditions) {
        return conditions.stream().map(condition -> condition(call, condition)).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String condition(String call, Condition condition) {
        return condition.tests().entrySet().stream()
                .map(test -> test(call, test))
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String test(String call, Map.Entry<Integer, Condition.Test> test) {
        CallArguments.Named argument = CallArguments.of(call).stream()
                .filter(named -> named.index() == test.getKey())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("argument " + test.getKey() + " of " + call));
        return argument.name() + ": "
                + switch (test.getValue()) {
                    case Condition.OneOf(int ignored, var values) ->
                        values.stream().map(argument::nameOf).collect(Collectors.joining(", ", "[", "]"));
                    case Condition.AnyBit(int bits) ->
                        IntStream.range(0, 32)
                                .map(bit -> 1 << bit)
                                .filter(bit -> (bits & bit) != 0)
                                .mapToObj(argument::nameOf)
                                .collect(Collectors.joining(", ", "{has: [", "]}"));
                };
    }

    private static String time(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }

    private static String flow(Collection<?> words) {
        return words.stream().map(Object::toString).collect(Collectors.joining(", ", "[", "]"));
    }

    /** In double quotes, which can hold everything. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(character -> {
            if (character == '"' || character == '\\') {
                quoted.append('\\').appendCodePoint(character);
            } else if (character >= 0x20 && character < 0x7f) {
                quoted.appendCodePoint(character);
            } else {
                quoted.append("\\U%08X".formatted(character));
            }
        });
        return quoted.append('"').toString();
    }

    private void line(String text) {
        out.append(text).append('\n');
    }
}
