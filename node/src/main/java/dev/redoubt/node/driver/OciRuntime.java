package dev.redoubt.node.driver;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.SandboxSpec;
import java.util.List;
import java.util.Optional;

/**
 * A program that builds sandboxes from a bundle. The native driver is none: its way is the plain one, and these change it in
 * the three places that this says.
 *
 * <p>The bundle, the runtime's state and its configuration are in a file tree that only the builder of the one sandbox has
 * (native/runtime.c), and go with it: nothing of them is on the host, so nothing has to be swept.
 */
public sealed interface OciRuntime permits Crun, Gvisor {
    /** The runtime of a driver; empty for the native one. */
    static Optional<OciRuntime> of(Driver driver) {
        return switch (driver) {
            case NATIVE -> Optional.empty();
            case CRUN -> Optional.of(new Crun());
            case GVISOR -> Optional.of(new Gvisor());
        };
    }

    /** Its program's name. */
    String program();

    /** What of a spec it cannot hold, in words that name it; a sandbox is refused for the first of them. */
    List<Refused> refused(SandboxSpec spec);

    /**
     * One thing that cannot be held.
     *
     * @param key of the profile
     */
    record Refused(String key, String reason) {}

    /** What of the native spec its builder is to make; the rest is for {@link #runtime} to say. */
    LaunchSpec built(LaunchSpec spec);

    /**
     * The runtime and its configuration for one sandbox.
     *
     * @param spec the native one, with all its files
     * @param covers of /proc, in order
     * @param program where the runtime is found
     */
    LaunchSpec.Bundle runtime(
            LaunchSpec spec, List<LaunchSpec.Mask> covers, IdRange ids, HostProgram program, int firstTree);
}
