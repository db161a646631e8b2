package dev.redoubt.node.seccomp;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** What was made of the profiles that were used last; making it takes longer than building a sandbox. */
final class Recent<K, T> {
    /** Sandboxes of more profiles than this at a time are rare, and every file of a user's may be another profile. */
    private static final int KEPT = 64;

    private final Function<K, T> make;
    private final Map<K, T> made = Collections.synchronizedMap(new LinkedHashMap<>(KEPT, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, T> eldest) {
            return size() > KEPT;
        }
    });

    Recent(Function<K, T> make) {
        this.make = make;
    }

    T of(K key) {
        return made.computeIfAbsent(key, make);
    }
}
