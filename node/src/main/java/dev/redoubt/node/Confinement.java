package dev.redoubt.node;

import dev.redoubt.node.landlock.LandlockRules;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.SlotPlan;
import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.node.walls.HostFacts;
import dev.redoubt.node.walls.InsideIds;
import dev.redoubt.node.walls.ProcWalls;
import dev.redoubt.node.walls.ResourceLimits;
import dev.redoubt.node.walls.Securebits;
import dev.redoubt.node.walls.TmpfsMounts;
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
    private final TestSwitches switches;
    private final Map<Profile.Calls, LaunchSpec.Filter> filters = new ConcurrentHashMap<>();
    private final Map<Shape, LaunchSpec.Encoded> compiled = new ConcurrentHashMap<>();

    Confinement(HostFacts host, TestSwitches switches) {
        this.host = host;
        this.switches = switches;
    }

    /** What decides how a sandbox is built, however long it may live. Most are like one before, and compiling costs 0.5 ms on an idle machine. */
    private record Shape(SandboxSpec spec, int layers, List<LaunchSpec.Bind> binds) {}

    /** What covers /proc, whatever will run. */
    SlotPlan slotPlan() {
        return ProcWalls.plan(host);
    }

    /** The files that no other sandbox has, after those of the spec. */
    List<LaunchSpec.SynthesisedFile> filesOfOne() {
        return ProcWalls.filesOfOne(host, Instant.now(), UUID.randomUUID());
    }

    /**
     * The spec of a sandbox, but for the {@link #filesOfOne}.
     *
     * @param layers how many layers the descriptors begin with; the disk follows, then one per mount of {@code spec}
     * @throws dev.redoubt.node.walls.MissingWallException when this host cannot build one of the walls
     */
    LaunchSpec.Encoded compile(SandboxSpec spec, int layers, List<LaunchSpec.Bind> binds) {
        if (compiled.size() >= MOST_SHAPES) {
            compiled.clear();
        }
        TimeLimits time = spec.limits().time();
        SandboxSpec endless = spec.withLimits(spec.limits().withTime(new TimeLimits(Optional.empty(), time.idle())));
        LaunchSpec.Encoded encoded = compiled.computeIfAbsent(new Shape(endless, layers, binds), this::compile);
        return time.wall().map(TIME_FOR_THE_REST::plus).map(encoded::withLife).orElse(encoded);
    }

    private LaunchSpec.Encoded compile(Shape shape) {
        SandboxSpec spec = shape.spec();
        Profile profile = spec.profile();
        boolean single = profile.users() == Profile.Users.SINGLE;
        int guest = single ? InsideIds.JOB : InsideIds.GUEST;
        long capabilities = Capability.mask(Capability.ofGuest(profile));
        LaunchSpec launch = new LaunchSpec(
                (spec.readOnly() ? LaunchSpec.READ_ONLY : 0) | LaunchSpec.LISTENER | switches.specFlags(),
                guest,
                guest,
                capabilities,
                capabilities,
                Securebits.of(profile),
                shape.layers(),
                new LaunchSpec.Upper.Directory(),
                spec.hostname(),
                TmpfsMounts.of(spec.limits(), spec.readOnly()),
                shape.binds(),
                ProcWalls.files(host, spec.limits()),
                List.of(), // all that are needed are in the slot's plan
                ResourceLimits.ofGuest(),
                LandlockRules.compile(host.landlockAbi(), spec.readOnly(), writable(spec)),
                filters.computeIfAbsent(
                        profile.calls(),
                        calls -> new LaunchSpec.Filter(Filter.compile(calls).bytes())),
                arguments(spec));
        return launch.encoded(ProcWalls.FILES.size() - launch.files().size());
    }

    private static List<String> writable(SandboxSpec spec) {
        List<String> paths = new ArrayList<>(TmpfsMounts.paths(spec.limits(), true));
        spec.mounts().stream().filter(mount -> !mount.readOnly()).forEach(mount -> paths.add(mount.target()));
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
