package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.CallRules;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** What was made of the rules of the profiles that were used last; making it takes longer than building a sandbox. */
final class Recent<T> {
    /** Sandboxes of more profiles than this at a time are rare, and every file of a user's may be another profile. */
    private static final int KEPT = 64;

    private final Function<CallRules, T> make;
    private final Map<CallRules, T> made = Collections.synchronizedMap(new LinkedHashMap<>(KEPT, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<CallRules, T> eldest) {
            return size() > KEPT;
        }
    });

    Recent(Function<CallRules, T> make) {
        this.make = make;
    }

    T of(CallRules rules) {
        return made.computeIfAbsent(rules, make);
    }
}
