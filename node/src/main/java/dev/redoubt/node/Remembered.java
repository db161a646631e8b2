package dev.redoubt.node;

import dev.redoubt.node.journal.Entry;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.policy.profile.ProfileText;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a later node must know of a sandbox that it did not start, as facts of its journal entry.
 *
 * @param calls the rules of its filter, with which it was launched and which nothing changes any more
 * @param patterns what its filter asks about opens for
 * @param readOnly whether its root file system is
 * @param writable directories that its Landlock rules let be written then
 */
record Remembered(
        NetworkMode network,
        CallRules calls,
        Size memory,
        Instant started,
        PathPatterns patterns,
        boolean readOnly,
        List<String> writable) {
    private static final String NETWORK = "network";
    private static final String CALLS = "calls";
    private static final String MEMORY = "memory";
    private static final String STARTED = "started";
    private static final String HIDDEN = "hidden";
    private static final String READ_ONLY = "readonly";
    private static final String WRITABLE = "writable";

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
                Confinement.writable(spec));
    }

    /** As an entry has it; what one of an older version does not have is as that version would have made it. */
    static Remembered of(Entry entry) {
        Map<String, String> facts = entry.facts();
        return new Remembered(
                NetworkMode.parse(facts.getOrDefault(NETWORK, "none")).orElse(NetworkMode.NONE),
                calls(facts.getOrDefault(CALLS, "")),
                Size.ofBytes(Long.parseLong(facts.getOrDefault(MEMORY, "0"))),
                Instant.parse(facts.getOrDefault(STARTED, Instant.EPOCH.toString())),
                new PathPatterns(list(facts.getOrDefault(HIDDEN, ""))),
                Boolean.parseBoolean(facts.getOrDefault(READ_ONLY, "false")),
                list(facts.getOrDefault(WRITABLE, "")));
    }

    Entry in(Entry entry) {
        Entry written = entry.with(NETWORK, network.toString())
                .with(CALLS, text(calls))
                .with(MEMORY, Long.toString(memory.bytes()))
                .with(STARTED, started.toString());
        if (patterns.isEmpty()) {
            return written; // the rest is for whoever opens its files
        }
        return written.with(HIDDEN, text(patterns.hidden()))
                .with(READ_ONLY, Boolean.toString(readOnly))
                .with(WRITABLE, text(writable));
    }

    /** On one line; nothing stands for the rules of the default profile. */
    private static String text(CallRules calls) {
        return calls.equals(Profile.DEFAULT.calls()) ? "" : text(List.of(ProfileText.of(calls)));
    }

    private static CallRules calls(String text) {
        return text.isEmpty()
                ? Profile.DEFAULT.calls()
                : ProfileReader.alone().read("journal", list(text).getFirst()).calls();
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
