package dev.redoubt.node;

import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.cgroup.Usage;
import dev.redoubt.node.journal.Entry;
import dev.redoubt.node.seccomp.SystemFacts;
import dev.redoubt.node.seccomp.Terms;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * What a later node must know of a sandbox that it did not start, as facts of its journal entry.
 *
 * @param calls the level of its filter, with which it was launched and which nothing changes any more
 */
record Remembered(NetworkMode network, Profile.Calls calls, Size memory, Instant started) {
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
                Profile.Calls.valueOf(facts.getOrDefault(CALLS, Profile.Calls.STANDARD.name())),
                Size.ofBytes(Long.parseLong(facts.getOrDefault(MEMORY, "0"))),
                Instant.parse(facts.getOrDefault(STARTED, Instant.EPOCH.toString())));
    }

    Entry in(Entry entry) {
        return entry.with(NETWORK, network.toString())
                .with(CALLS, calls.name())
                .with(MEMORY, Long.toString(memory.bytes()))
                .with(STARTED, started.toString());
    }

    /** What the broker holds it to. */
    Terms terms(SandboxCgroup cgroup) {
        return new Terms(calls, () -> facts(cgroup.usage()));
    }

    private SystemFacts facts(Usage usage) {
        return new SystemFacts(memory, usage.memory(), Duration.between(started, Instant.now()), usage.pids());
    }
}
