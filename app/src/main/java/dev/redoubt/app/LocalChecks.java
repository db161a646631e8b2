package dev.redoubt.app;

import org.jspecify.annotations.Nullable;

/** The escape battery and the benchmarks on this machine. Every method answers an exit code. */
@SuppressWarnings("DoNotCallSuggester") // until it is wired
final class LocalChecks {
    private LocalChecks() {}

    static int escapeTest(String runtime, boolean json) {
        throw Refusal.notBuilt("escape-test --runtime " + runtime + (json ? " --json" : ""));
    }

    static int bench(@Nullable String name, boolean json) {
        throw Refusal.notBuilt("bench" + (name == null ? "" : " " + name) + (json ? " --json" : ""));
    }
}
