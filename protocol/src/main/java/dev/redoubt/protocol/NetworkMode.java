package dev.redoubt.protocol;

import java.util.Locale;
import java.util.Optional;

/** What a sandbox may reach, and who may reach it. Every mode has a loopback interface. */
public enum NetworkMode {
    /** Loopback only, and nothing outside may connect to it. The default. */
    NONE,
    /** Loopback only; its ports may be served. */
    LOCALHOST,
    /** Deny by default, and rules. */
    EGRESS,
    /** Everything but the blocked ranges. */
    INTERNET,
    /** As {@link #EGRESS} with no rules. */
    BLOCK;

    /** The mode of this name, as on the command line. */
    public static Optional<NetworkMode> parse(String name) {
        for (NetworkMode mode : values()) {
            if (mode.toString().equals(name)) {
                return Optional.of(mode);
            }
        }
        return Optional.empty();
    }

    /** Whether this version can build it; a mode that it cannot is refused, never silently another. */
    public boolean isBuilt() {
        return this == NONE || this == LOCALHOST;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
