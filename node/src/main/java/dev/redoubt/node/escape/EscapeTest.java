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

/**
 * The battery against real sandboxes of this host. What an attack does where no wall is does not depend on the sandbox: the
 * controls run once, however many sandboxes are attacked.
 */
public final class EscapeTest implements AutoCloseable {
    /** Of {@link dev.redoubt.node.walls.ResourceLimits}: the hard limits of open files and of waiting signals. */
    private static final int LIMIT = 16_384;

    private final NodeSettings settings;
    private final Path program;
    private final Battery battery;
    private final Decoys decoys;
    private final Map<String, Outcome> controls;

    private EscapeTest(
            NodeSettings settings, Path program, Battery battery, Decoys decoys, Map<String, Outcome> controls) {
        this.settings = settings;
        this.program = program;
        this.battery = battery;
        this.decoys = decoys;
        this.controls = controls;
    }

    /**
     * Places the decoys, and tries every attack where its wall is absent.
     *
     * @param settings whose native directory also holds the battery
     * @throws IOException when the battery cannot be run
     */
    public static EscapeTest open(NodeSettings settings) throws IOException, InterruptedException {
        Path program = settings.nativeDirectory().resolve("redoubt-escape").toRealPath();
        Battery battery = Battery.of(program);
        Decoys decoys = battery.decoys();
        try {
            return new EscapeTest(settings, program, battery, decoys, battery.controls(decoys));
        } catch (IOException | InterruptedException failed) {
            decoys.close();
            throw failed;
        }
    }

    /**
     * All layers up.
     *
     * @param spec what is attacked; its limits are replaced by small ones, which the battery can fill in seconds
     */
    public Report run(SandboxSpec spec) throws IOException, InterruptedException {
        return attacked(spec, TestSwitches.NONE);
    }

    /** All layers up, attacked by nobody but the ordinary user. */
    Report runAsPlain(SandboxSpec spec) throws IOException, InterruptedException {
        return attacked(spec, TestSwitches.NONE, List.of(As.PLAIN));
    }

    /** All layers up, and each one away. Only where the test build of the spawner is. */
    public LayerTable layers(SandboxSpec spec) throws IOException, InterruptedException {
        return layers(spec, run(spec));
    }

    /** @param whole what {@link #run} said of the same */
    LayerTable layers(SandboxSpec spec, Report whole) throws IOException, InterruptedException {
        Map<Layer, Report> without = new EnumMap<>(Layer.class);
        for (Layer layer : Layer.values()) {
            without.put(layer, attacked(spec, without(layer)));
        }
        return new LayerTable(whole, without);
    }

    /** The one layer away that leaves a sandbox in the host's network; no attack may send anything there. */
    Report onTheHostsNetwork(SandboxSpec spec) throws IOException, InterruptedException {
        return attacked(spec, without(Layer.NETWORK));
    }

    /** Takes the decoys away. */
    @Override
    public void close() throws IOException {
        decoys.close();
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

    private Report attacked(SandboxSpec spec, TestSwitches switches) throws IOException, InterruptedException {
        return attacked(spec, switches, attackers(spec));
    }

    private Report attacked(SandboxSpec wanted, TestSwitches switches, List<As> attackers)
            throws IOException, InterruptedException {
        SandboxSpec spec = wanted.withLimits(Bounds.SMALL);
        Map<As, Map<String, Outcome>> inside = new EnumMap<>(As.class);
        boolean packets = !switches.off().contains(TestSwitches.Layer.NETWORK);
        Bounds bounds = new Bounds(spec.limits(), LIMIT, LIMIT, packets);
        try (Node node = Node.open(settings.withSwitches(switches))) {
            AttackedSandbox sandbox = new AttackedSandbox(node, spec, program);
            for (As as : attackers) {
                inside.put(as, battery.inside(sandbox, as, decoys, bounds));
            }
        }
        return Report.of(battery, controls, inside, filter(spec, switches));
    }

    /** Where a profile has a single user there is no root job. */
    private static List<As> attackers(SandboxSpec spec) {
        return spec.profile().users() == Profile.Users.SINGLE ? List.of(As.PLAIN) : List.of(As.values());
    }

    /** A kernel of its own answers calls itself: no filter of ours is asked. */
    private static CallFilter filter(SandboxSpec spec, TestSwitches switches) {
        if (!spec.driver().runtimeClass().sharesKernel()) {
            return CallFilter.NONE;
        }
        if (switches.off().contains(TestSwitches.Layer.SECCOMP)) {
            return CallFilter.NONE;
        }
        return (number, arguments) -> Filter.refuses(spec.profile().calls(), number, arguments);
    }
}
