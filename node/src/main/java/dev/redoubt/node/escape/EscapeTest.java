package dev.redoubt.node.escape;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.TestSwitches;
import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

/** The battery against real sandboxes of this host. */
public final class EscapeTest {
    /** Of {@link dev.redoubt.node.walls.ResourceLimits}: the hard limits of open files and of waiting signals. */
    private static final int LIMIT = 16_384;

    private final NodeSettings settings;
    private final SandboxSpec spec;
    private final Path program;
    private final Battery battery;

    /**
     * @param settings whose native directory also holds the battery
     * @param spec what is attacked; its limits are replaced by small ones, which the battery can fill in seconds
     * @throws IOException when the battery cannot be run
     */
    public EscapeTest(NodeSettings settings, SandboxSpec spec) throws IOException, InterruptedException {
        this.settings = settings;
        this.spec = spec.withLimits(Bounds.SMALL);
        this.program = settings.nativeDirectory().resolve("redoubt-escape").toRealPath();
        this.battery = Battery.of(program);
    }

    /** All layers up. */
    public Report run() throws IOException, InterruptedException {
        try (Decoys decoys = battery.decoys()) {
            return attacked(TestSwitches.NONE, battery.controls(decoys), decoys);
        }
    }

    /** All layers up, attacked by nobody but the ordinary user. */
    Report runAsPlain() throws IOException, InterruptedException {
        try (Decoys decoys = battery.decoys()) {
            return attacked(TestSwitches.NONE, battery.controls(decoys), decoys, List.of(As.PLAIN));
        }
    }

    /** All layers up, and each one away. Only where the test build of the spawner is. */
    public LayerTable layers() throws IOException, InterruptedException {
        try (Decoys decoys = battery.decoys()) {
            Map<String, Outcome> controls = battery.controls(decoys);
            Map<Layer, Report> without = new EnumMap<>(Layer.class);
            for (Layer layer : Layer.values()) {
                without.put(layer, attacked(without(layer), controls, decoys));
            }
            return new LayerTable(attacked(TestSwitches.NONE, controls, decoys), without);
        }
    }

    /** The one layer away that leaves a sandbox in the host's network; no attack may send anything there. */
    Report onTheHostsNetwork() throws IOException, InterruptedException {
        try (Decoys decoys = battery.decoys()) {
            return attacked(without(Layer.NETWORK), battery.controls(decoys), decoys);
        }
    }

    /** The label goes with each: a host that has none is to give the same table. */
    private static TestSwitches without(Layer layer) {
        return new TestSwitches(EnumSet.of(switchOf(layer), TestSwitches.Layer.LABEL));
    }

    private static TestSwitches.Layer switchOf(Layer layer) {
        return switch (layer) {
            case NAMESPACES -> TestSwitches.Layer.PRIVILEGES;
            case CALLS -> TestSwitches.Layer.SECCOMP;
            case LANDLOCK -> TestSwitches.Layer.LANDLOCK;
            case LIMITS -> TestSwitches.Layer.CGROUPS;
            case NETWORK -> TestSwitches.Layer.NETWORK;
        };
    }

    private Report attacked(TestSwitches switches, Map<String, Outcome> controls, Decoys decoys)
            throws IOException, InterruptedException {
        return attacked(switches, controls, decoys, attackers());
    }

    private Report attacked(TestSwitches switches, Map<String, Outcome> controls, Decoys decoys, List<As> attackers)
            throws IOException, InterruptedException {
        Map<As, Map<String, Outcome>> inside = new EnumMap<>(As.class);
        boolean packets = !switches.off().contains(TestSwitches.Layer.NETWORK);
        Bounds bounds = new Bounds(spec.limits(), LIMIT, LIMIT, packets);
        try (Node node = Node.open(settings.withSwitches(switches))) {
            AttackedSandbox sandbox = new AttackedSandbox(node, spec, program);
            for (As as : attackers) {
                inside.put(as, battery.inside(sandbox, as, decoys, bounds));
            }
        }
        return Report.of(battery, controls, inside, filter(switches));
    }

    /** Where a profile has a single user there is no root job. */
    private List<As> attackers() {
        return spec.profile().users() == Profile.Users.SINGLE ? List.of(As.PLAIN) : List.of(As.values());
    }

    /** A kernel of its own answers calls itself: no filter of ours is asked. */
    private CallFilter filter(TestSwitches switches) {
        if (!spec.driver().runtimeClass().sharesKernel()) {
            return CallFilter.NONE;
        }
        if (switches.off().contains(TestSwitches.Layer.SECCOMP)) {
            return CallFilter.NONE;
        }
        return (number, arguments) -> Filter.refuses(spec.profile().calls(), number, arguments);
    }
}
