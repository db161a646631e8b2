package dev.redoubt.node;

import dev.redoubt.node.journal.Entry;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.policy.profile.ProfileText;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a later node must know of a sandbox that it did not start, as facts of its journal entry.
 *
 * @param calls the rules of its filter, with which it was launched and which nothing changes any more
 * @param patterns what its filter asks about opens for
 * @param readOnly whether its root file system is
 * @param writable directories that its Landlock rules let be written then
 * @param labels what its maker noted on it
 */
record Remembered(
        NetworkMode network,
        CallRules calls,
        Size memory,
        Instant started,
        PathPatterns patterns,
        boolean readOnly,
        List<String> writable,
        Labels labels) {
    private static final SandboxSpec USUAL = SandboxSpec.of("any");

    private static final String NETWORK = "network";
    private static final String CALLS = "calls";
    private static final String MEMORY = "memory";
    private static final String HIDDEN = "hidden";
    private static final String READ_ONLY = "readonly";
    private static final String WRITABLE = "writable";
    private static final String LABELS = "labels";

    Remembered {
        writable = List.copyOf(writable);
    }

    static Remembered of(SandboxSpec spec) {
        return new Remembered(
                spec.network(),
                spec.profile().calls(),
                spec.limits().memory(),
                Instant.now(),
                spec.files().patterns(),
                spec.files().readOnlyRoot(),
                Confinement.writable(spec),
                spec.labels());
    }

    /** As an entry has it, whose file says when the sandbox started. */
    static Remembered of(Entry entry, Instant started) {
        Map<String, String> facts = entry.facts();
        return new Remembered(
                NetworkMode.parse(facts.getOrDefault(NETWORK, USUAL.network().toString()))
                        .orElse(NetworkMode.NONE),
                facts.containsKey(CALLS)
                        ? calls(facts.get(CALLS))
                        : USUAL.profile().calls(),
                Size.ofBytes(Long.parseLong(facts.getOrDefault(
                        MEMORY, Long.toString(USUAL.limits().memory().bytes())))),
                started,
                new PathPatterns(list(facts.getOrDefault(HIDDEN, ""))),
                Boolean.parseBoolean(facts.getOrDefault(READ_ONLY, "false")),
                list(facts.getOrDefault(WRITABLE, "")),
                labels(list(facts.getOrDefault(LABELS, ""))));
    }

    /** What is not as in most sandboxes, for the journal: a start of those does not wait for a file to be written. */
    Map<String, String> facts() {
        Map<String, String> facts = new TreeMap<>();
        if (network != USUAL.network()) {
            facts.put(NETWORK, network.toString());
        }
        if (!calls.equals(USUAL.profile().calls())) {
            facts.put(CALLS, text(List.of(ProfileText.of(calls))));
        }
        if (!memory.equals(USUAL.limits().memory())) {
            facts.put(MEMORY, Long.toString(memory.bytes()));
        }
        if (!patterns.isEmpty()) { // the rest is for whoever opens its files
            facts.put(HIDDEN, text(patterns.hidden()));
            facts.put(READ_ONLY, Boolean.toString(readOnly));
            facts.put(WRITABLE, text(writable));
        }
        if (!labels.isEmpty()) {
            facts.put(
                    LABELS,
                    text(labels.byName().entrySet().stream()
                            .map(label -> label.getKey() + "=" + label.getValue())
                            .toList()));
        }
        return Map.copyOf(facts);
    }

    private static Labels labels(List<String> pairs) {
        return new Labels(pairs.stream()
                .map(pair -> pair.split("=", 2)) // a name has no =
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1])));
    }

    private static CallRules calls(String text) {
        return ProfileReader.alone().read("journal", list(text).getFirst()).calls();
    }

    /** On one line, whatever is in the names. */
    private static String text(List<String> names) {
        return names.stream()
                .map(name -> URLEncoder.encode(name, StandardCharsets.UTF_8))
                .collect(Collectors.joining(" "));
    }

    private static List<String> list(String text) {
        return Stream.of(text.split(" ", -1))
                .filter(name -> !name.isEmpty())
                .map(name -> URLDecoder.decode(name, StandardCharsets.UTF_8))
                .toList();
    }
}
