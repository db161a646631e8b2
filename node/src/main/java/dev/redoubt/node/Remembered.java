package dev.redoubt.node;

import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.cgroup.Usage;
import dev.redoubt.node.journal.Entry;
import dev.redoubt.node.seccomp.SystemFacts;
import dev.redoubt.node.seccomp.Terms;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.policy.profile.ProfileText;
import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;

/**
 * What a later node must know of a sandbox that it did not start, as facts of its journal entry.
 *
 * @param calls the rules of its filter, with which it was launched and which nothing changes any more
 */
record Remembered(NetworkMode network, CallRules calls, Size memory, Instant started) {
    private static final String NETWORK = "network";
    private static final String CALLS = "calls";
    private static final String MEMORY = "memory";
    private static final String STARTED = "started";

    static Remembered of(SandboxSpec spec) {
        return new Remembered(
                spec.network(), spec.profile().calls(), spec.limits().memory(), Instant.now());
    }

    /** As an entry has it; what one of an older version does not have is as that version would have made it. */
    static Remembered of(Entry entry) {
        Map<String, String> facts = entry.facts();
        return new Remembered(
                NetworkMode.parse(facts.getOrDefault(NETWORK, "none")).orElse(NetworkMode.NONE),
                calls(facts.getOrDefault(CALLS, "")),
                Size.ofBytes(Long.parseLong(facts.getOrDefault(MEMORY, "0"))),
                Instant.parse(facts.getOrDefault(STARTED, Instant.EPOCH.toString())));
    }

    Entry in(Entry entry) {
        return entry.with(NETWORK, network.toString())
                .with(CALLS, text(calls))
                .with(MEMORY, Long.toString(memory.bytes()))
                .with(STARTED, started.toString());
    }

    /** On one line; nothing stands for the rules of the default profile. */
    private static String text(CallRules calls) {
        return calls.equals(Profile.DEFAULT.calls())
                ? ""
                : Base64.getEncoder().encodeToString(ProfileText.of(calls).getBytes(StandardCharsets.UTF_8));
    }

    private static CallRules calls(String text) {
        if (text.isEmpty()) {
            return Profile.DEFAULT.calls();
        }
        String yaml = new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
        return ProfileReader.alone().read("journal", yaml).calls();
    }

    /** What the broker holds it to. */
    Terms terms(SandboxCgroup cgroup) {
        return new Terms(calls, () -> facts(cgroup.usage()));
    }

    private SystemFacts facts(Usage usage) {
        return new SystemFacts(memory, usage.memory(), Duration.between(started, Instant.now()), usage.pids());
    }
}
