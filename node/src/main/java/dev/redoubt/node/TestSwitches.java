package dev.redoubt.node;

import dev.redoubt.node.launch.LaunchSpec;
import java.util.EnumSet;
import java.util.Set;

/**
 * Layers left away, so that the escape battery can show which wall holds which attempt, and a benchmark what one costs.
 *
 * <p>Only the test build of the spawner obeys; the one that is shipped refuses a network flag and ignores the others.
 */
public record TestSwitches(Set<Layer> off) {
    /** All walls up: what everybody gets. */
    public static final TestSwitches NONE = new TestSwitches(Set.of());

    private static final int PREPARE_HOST_NETWORK = 0x100;

    /** The layers; user namespaces (A) cannot be left away without harm, its capability sets can. */
    public enum Layer {
        PRIVILEGES,
        SECCOMP,
        LANDLOCK,
        CGROUPS,
        NETWORK,
        /** Half of a layer: the filter is there and asks nobody. */
        BROKER,
        /** Not one of the five: only some hosts have it. */
        LABEL
    }

    public TestSwitches {
        off = off.isEmpty() ? Set.of() : EnumSet.copyOf(off);
    }

    int specFlags() {
        return (off.contains(Layer.SECCOMP) ? LaunchSpec.TEST_NO_SECCOMP : 0)
                | (off.contains(Layer.LANDLOCK) ? LaunchSpec.TEST_NO_LANDLOCK : 0)
                | (off.contains(Layer.PRIVILEGES) ? LaunchSpec.TEST_NO_PRIVILEGE_LOCK : 0)
                | (off.contains(Layer.LABEL) ? LaunchSpec.TEST_NO_LABEL : 0);
    }

    int prepareFlags() {
        return off.contains(Layer.NETWORK) ? PREPARE_HOST_NETWORK : 0;
    }

    boolean withoutBroker() {
        return off.contains(Layer.BROKER);
    }

    boolean withoutLabels() {
        return off.contains(Layer.LABEL);
    }

    boolean withoutCgroupLimits() {
        return off.contains(Layer.CGROUPS);
    }
}
