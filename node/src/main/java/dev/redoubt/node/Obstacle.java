package dev.redoubt.node;

import dev.redoubt.node.driver.HostProgram;
import dev.redoubt.node.driver.OciRuntime;
import dev.redoubt.node.label.AppArmor;
import dev.redoubt.node.label.HostLabels;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.landlock.LandlockRules;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import dev.redoubt.protocol.SandboxSpec;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Why a profile cannot be run on this host by this version: never weakened, always refused.
 *
 * @param key of the profile
 */
public record Obstacle(String key, ProblemCode code, String reason) {
    private static final Set<Layer> NOT_IN_GVISOR =
            EnumSet.of(Layer.SECCOMP, Layer.LANDLOCK, Layer.APPARMOR, Layer.SELINUX);

    /**
     * All that stands in the way of a sandbox on this host.
     *
     * @param landlockAbi what the kernel has, 0 for none
     * @param labels the host's
     */
    public static List<Obstacle> of(SandboxSpec spec, int landlockAbi, HostLabels labels) {
        List<Obstacle> obstacles = new ArrayList<>(of(spec.profile(), spec.network(), spec.driver(), landlockAbi));
        label(spec, labels).ifPresent(obstacles::add);
        OciRuntime.of(spec.driver()).ifPresent(runtime -> {
            if (HostProgram.find(runtime.program()).isEmpty()) {
                obstacles.addFirst(new Obstacle(
                        "runtime",
                        ProblemCode.WALL_UNAVAILABLE,
                        "driver " + spec.driver() + " needs " + runtime.program()
                                + ", which is not in /usr/bin; install" + " the package " + runtime.program()));
            }
            runtime.refused(spec)
                    .forEach(refused ->
                            obstacles.add(new Obstacle(refused.key(), ProblemCode.UNPROCESSABLE, refused.reason())));
        });
        return List.copyOf(obstacles);
    }

    private static List<Obstacle> of(Profile profile, NetworkMode network, Driver driver, int landlockAbi) {
        List<Obstacle> obstacles = new ArrayList<>();
        if (!network.isBuilt()) {
            obstacles.add(new Obstacle(
                    "network",
                    ProblemCode.UNPROCESSABLE,
                    "network mode " + network + " is not built yet; use none or localhost"));
        }
        if (!profile.runtimes().contains(driver.runtimeClass())) {
            obstacles.add(
                    new Obstacle("runtime", ProblemCode.UNPROCESSABLE, otherClass(profile, driver.runtimeClass())));
        }
        if (driver.runtimeClass() == RuntimeClass.GVISOR) {
            profile.requires().stream()
                    .filter(layer -> NOT_IN_GVISOR.contains(layer))
                    .forEach(layer -> obstacles.add(new Obstacle(
                            "require",
                            ProblemCode.WALL_UNAVAILABLE,
                            "profile " + profile.name() + " requires " + layer
                                    + ", which the class gvisor has not: its own kernel answers instead")));
        }
        if (driver.runtimeClass().sharesKernel() && landlockAbi < LandlockRules.LEAST_ABI) {
            obstacles.add(new Obstacle(
                    "require",
                    ProblemCode.WALL_UNAVAILABLE,
                    "the kernel has version " + landlockAbi + " of Landlock, every sandbox needs "
                            + LandlockRules.LEAST_ABI));
        }
        return List.copyOf(obstacles);
    }

    /** A sandbox gets a label where the host has one; only whoever requires it is refused without. */
    private static Optional<Obstacle> label(SandboxSpec spec, HostLabels labels) {
        if (labels.appArmor() instanceof AppArmor.Absent(String reason, String mend)
                && requires(spec, Layer.APPARMOR)) {
            return Optional.of(missing(spec, Layer.APPARMOR, reason, mend));
        }
        return labels.selinux() instanceof Selinux.Absent(String reason, String mend) && requires(spec, Layer.SELINUX)
                ? Optional.of(missing(spec, Layer.SELINUX, reason, mend))
                : Optional.empty();
    }

    private static boolean requires(SandboxSpec spec, Layer layer) {
        return spec.profile().requires().contains(layer)
                && spec.driver().runtimeClass().sharesKernel();
    }

    private static Obstacle missing(SandboxSpec spec, Layer layer, String reason, String mend) {
        return new Obstacle(
                "require",
                ProblemCode.WALL_UNAVAILABLE,
                "profile " + spec.profile().name() + " requires " + layer + ": " + reason + "; " + mend);
    }

    private static String otherClass(Profile profile, RuntimeClass asked) {
        String classes = profile.runtimes().stream().map(RuntimeClass::toString).collect(Collectors.joining(" or "));
        String name = "profile " + profile.name();
        if (!asked.sharesKernel()) {
            return name + " is for the class " + classes + ", not for " + asked;
        }
        return profile.runtimes().stream().anyMatch(RuntimeClass::isBuilt)
                ? name + " needs a kernel of its own (" + classes + "); --runtime gvisor gives it one,"
                        + " --accept-shared-kernel runs it on this machine's kernel"
                : name + " needs a kernel of its own (" + classes + "), which is not built yet; --accept-shared-kernel"
                        + " runs it on this machine's kernel";
    }

    Problem problem() {
        return new Problem(code, reason);
    }
}
