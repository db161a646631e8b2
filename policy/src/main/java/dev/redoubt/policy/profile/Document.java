package dev.redoubt.policy.profile;

import dev.redoubt.protocol.CallError;
import dev.redoubt.protocol.Condition;
import dev.redoubt.protocol.DeviceName;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.InsidePath;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.Resources;
import dev.redoubt.protocol.RuntimeClass;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * What one document says: every value right in itself, nothing put together with what it extends yet. An empty value was not
 * given.
 */
record Document(
        Optional<Placed<String>> name,
        Optional<String> description,
        Optional<Placed<String>> parent,
        Optional<Placed<Set<RuntimeClass>>> runtimes,
        Optional<Set<Layer>> requires,
        Optional<Placed<Profile.Users>> users,
        Optional<Placed<Profile.Root>> root,
        Optional<NetworkMode> network,
        Optional<Placed<Set<DeviceName>>> devices,
        Resources resources,
        Optional<Boolean> readOnlyRoot,
        SequencedMap<InsidePath, Placed<FileRules.Access>> paths,
        List<String> patterns,
        List<CallLine> calls,
        Optional<Profile.OnDrift> onDrift) {

    /** One entry of {@code syscalls}. */
    record CallLine(Place place, Verb verb, String subject, List<Condition> when, Optional<CallError> error) {
        boolean isGroup() {
            return subject.startsWith("@");
        }
    }

    /** The lists of {@code syscalls}. */
    enum Verb {
        ALLOW,
        DENY,
        /** As DENY, and the broker says why. */
        BROKER;

        /** As the list is called. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
