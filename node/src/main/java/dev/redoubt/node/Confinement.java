package dev.redoubt.node;

import dev.redoubt.node.driver.HostProgram;
import dev.redoubt.node.driver.OciRuntime;
import dev.redoubt.node.label.HostLabels;
import dev.redoubt.node.landlock.LandlockRules;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.SlotPlan;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.node.walls.FileWalls;
import dev.redoubt.node.walls.HostFacts;
import dev.redoubt.node.walls.ProcWalls;
import dev.redoubt.node.walls.ResourceLimits;
import dev.redoubt.node.walls.Securebits;
import dev.redoubt.node.walls.TmpfsMounts;
import dev.redoubt.node.walls.report.Asked;
import dev.redoubt.node.walls.report.ContainerWalls;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.InsideIds;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.TimeLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Turns what was asked into what the spawner obeys: every wall of a sandbox, written down. */
final class Confinement {
    private static final int MOST_SHAPES = 64;

    /**
     * Between a limit of time and the end of all that is inside, which needs nobody to be alive or awake. Whoever asked for
     * the sandbox, if he is there, ends his job at the limit itself and takes the rest of its output; that would be lost
     * with the guest.
     */
    private static final Duration TIME_FOR_THE_REST = Duration.ofSeconds(2);

    private final HostFacts host;
    private final HostLabels labels;
    private final TestSwitches switches;
    private final Map<Shape, Compiled> compiled = new ConcurrentHashMap<>();

    Confinement(HostFacts host, HostLabels labels, TestSwitches switches) {
        this.host = host;
        this.labels = labels;
        this.switches = switches;
    }

    /**
     * What decides how a sandbox is built, however long it may live. Most are like one before, and compiling costs 0.5 ms on
     * an idle machine.
     */
    private record Shape(SandboxSpec spec, Filter filter, int layers, List<LaunchSpec.Bind> binds) {}

    /** A spec for the spawner, and what a report will compare with. */
    record Compiled(LaunchSpec.Encoded launch, Supplier<Asked> asked) {}

    /** Made when somebody wants it: most sandboxes end before anybody does. */
    private final class Once implements Supplier<Asked> {
        private final Shape shape;
        private final LaunchSpec launch;
        private @Nullable Asked asked;

        Once(Shape shape, LaunchSpec launch) {
            this.shape = shape;
            this.launch = launch;
        }

        @Override
        public synchronized Asked get() {
            if (asked == null) {
                boolean filtered = launch.filter().program().length > 0; // in the class gvisor by runsc's own
                asked = ContainerWalls.asked(
                        shape.spec(),
                        launch,
                        slotPlan(),
                        filtered ? shape.filter().sha256() : "none");
            }
            return asked;
        }
    }

    /** What covers /proc, whatever will run. */
    SlotPlan slotPlan() {
        return ProcWalls.plan(host);
    }

    /** The files that no other sandbox has, after those of the spec. */
    List<LaunchSpec.SynthesisedFile> filesOfOne() {
        return ProcWalls.filesOfOne(host, Instant.now(), UUID.randomUUID());
    }

    /** What cannot be held here. The network is the spec's, which may differ from the profile's. */
    List<Obstacle> obstacles(SandboxSpec spec) {
        return Obstacle.of(spec, host.landlockAbi(), labels);
    }

    /**
     * The spec of a sandbox, but for the {@link #filesOfOne}.
     *
     * @param filter of the profile's rules
     * @param layers how many layers the descriptors begin with; the disk follows, then one per mount of {@code spec}
     * @throws dev.redoubt.node.walls.MissingWallException when this host cannot build one of the walls
     */
    Compiled compile(SandboxSpec spec, Filter filter, int layers, List<LaunchSpec.Bind> binds) {
        if (compiled.size() >= MOST_SHAPES) {
            compiled.clear();
        }
        TimeLimits time = spec.limits().time();
        SandboxSpec unlabelled = spec.labels().isEmpty() ? spec : spec.labelled(Labels.NONE);
        SandboxSpec endless = time.wall().isEmpty()
                ? unlabelled
                : unlabelled.withLimits(spec.limits().withTime(new TimeLimits(Optional.empty(), time.idle())));
        Compiled shape = compiled.computeIfAbsent(new Shape(endless, filter, layers, binds), this::compile);
        return new Compiled(withLife(time, shape.launch()), shape.asked());
    }

    private static LaunchSpec.Encoded withLife(TimeLimits time, LaunchSpec.Encoded encoded) {
        return time.wall().map(TIME_FOR_THE_REST::plus).map(encoded::withLife).orElse(encoded);
    }

    private Compiled compile(Shape shape) {
        LaunchSpec launch = launchSpec(shape, ProcWalls.files(host, shape.spec().limits()));
        return new Compiled(
                launch.encoded(ProcWalls.FILES.size() - launch.files().size()), new Once(shape, launch));
    }

    /** The spec of a sandbox that an OCI runtime builds, with all its files. The trees of the runtime follow the mounts. */
    Compiled compile(
            OciRuntime runtime,
            HostProgram program,
            SandboxSpec spec,
            Filter filter,
            int layers,
            List<LaunchSpec.Bind> binds,
            IdRange ids) {
        List<LaunchSpec.SynthesisedFile> files = new ArrayList<>(ProcWalls.files(host, spec.limits()));
        files.addAll(filesOfOne());
        Shape shape = new Shape(spec, filter, layers, binds);
        LaunchSpec launch = launchSpec(shape, files);
        int firstTree = layers + 1 + binds.size();
        LaunchSpec.Bundle told = runtime.runtime(launch, ProcWalls.masks(host), ids, program, firstTree);
        LaunchSpec built = runtime.built(launch);
        LaunchSpec.Encoded encoded = built.encoded(0).withBundle(told);
        return new Compiled(withLife(spec.limits().time(), encoded), new Once(shape, built));
    }

    private LaunchSpec launchSpec(Shape shape, List<LaunchSpec.SynthesisedFile> files) {
        SandboxSpec spec = shape.spec();
        Profile profile = spec.profile();
        boolean single = profile.users() == Profile.Users.SINGLE;
        int guest = single ? InsideIds.JOB : InsideIds.GUEST;
        long capabilities = Capability.mask(Capability.ofGuest(profile));
        FileRules rules = spec.files();
        return new LaunchSpec(
                (rules.readOnlyRoot() ? LaunchSpec.READ_ONLY : 0)
                        | (switches.withoutBroker() ? 0 : LaunchSpec.LISTENER)
                        | LaunchSpec.devices(profile.devices())
                        | switches.specFlags(),
                guest,
                guest,
                capabilities,
                capabilities,
                Securebits.of(profile),
                shape.layers(),
                new LaunchSpec.Upper.Directory(),
                spec.hostname(),
                TmpfsMounts.of(spec.limits(), rules.readOnlyRoot()),
                shape.binds(),
                files,
                masks(rules),
                ResourceLimits.ofGuest(),
                landlock(rules.readOnlyRoot(), writable(spec)),
                new LaunchSpec.Filter(shape.filter().bytes()),
                arguments(spec),
                labels.labelOf(profile));
    }

    /** What covers /proc is in the slot's plan: a profile has no word there. */
    private static List<LaunchSpec.Mask> masks(FileRules files) {
        List<LaunchSpec.Mask> masks = FileWalls.masks(files);
        if (masks.size() > LaunchSpec.MOST_MASKS) {
            throw new Problem(
                    ProblemCode.UNPROCESSABLE,
                    "the profile's readonly paths lie so deep that they need " + masks.size() + " mounts; at most "
                            + LaunchSpec.MOST_MASKS);
        }
        return masks;
    }

    /** The rules that a sandbox of such a kind is launched with on this host. */
    LaunchSpec.Landlock landlock(boolean readOnly, List<String> writable) {
        return LandlockRules.compile(host.landlockAbi(), readOnly, writable);
    }

    /** What may be written where the root file system may not. */
    static List<String> writable(SandboxSpec spec) {
        List<String> paths = new ArrayList<>(TmpfsMounts.paths(spec.limits(), true));
        spec.mounts().stream().filter(mount -> !mount.readOnly()).forEach(mount -> paths.add(mount.target()));
        paths.addAll(FileWalls.writable(spec.files()));
        return List.copyOf(paths);
    }

    /** {@code sudo} inside asks the guest for a root job; where the profile has none, nobody listens. */
    private static List<String> arguments(SandboxSpec spec) {
        List<String> arguments = new ArrayList<>(List.of("redoubt-guest"));
        if (spec.profile().root() != Profile.Root.NONE) {
            arguments.addAll(
                    List.of("--sudo", Long.toHexString(Capability.mask(Capability.ofRootJob(spec.profile())))));
        }
        spec.limits()
                .time()
                .idle()
                .map(TIME_FOR_THE_REST::plus)
                .ifPresent(end -> arguments.addAll(List.of("--idle", Long.toString(end.toMillis()))));
        return List.copyOf(arguments);
    }
}
