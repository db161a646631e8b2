package dev.redoubt.node;

import dev.redoubt.node.landlock.LandlockRules;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Why a profile cannot be run on this host by this version: never weakened, always refused.
 *
 * @param key of the profile
 */
public record Obstacle(String key, ProblemCode code, String reason) {
    /**
     * All that stands in the way of a profile, with this network.
     *
     * @param landlockAbi what the kernel has, 0 for none
     */
    public static List<Obstacle> of(Profile profile, NetworkMode network, int landlockAbi) {
        List<Obstacle> obstacles = new ArrayList<>();
        if (!network.isBuilt()) {
            obstacles.add(new Obstacle(
                    "network",
                    ProblemCode.UNPROCESSABLE,
                    "network mode " + network + " is not built yet; use none or localhost"));
        }
        if (!profile.runtimes().contains(RuntimeClass.CONTAINER)) {
            obstacles.add(new Obstacle(
                    "runtime",
                    ProblemCode.UNPROCESSABLE,
                    "profile " + profile.name() + " needs a kernel of its own ("
                            + profile.runtimes().stream()
                                    .map(RuntimeClass::toString)
                                    .collect(Collectors.joining(" or "))
                            + "), which is not built yet; --accept-shared-kernel runs it on this machine's kernel"));
        }
        for (Layer layer : profile.requires()) {
            if (!layer.isInEverySandbox()) {
                obstacles.add(new Obstacle(
                        "require",
                        ProblemCode.WALL_UNAVAILABLE,
                        "profile " + profile.name() + " requires " + layer + ", and labels are not built yet"));
            }
        }
        if (landlockAbi < LandlockRules.LEAST_ABI) {
            obstacles.add(new Obstacle(
                    "require",
                    ProblemCode.WALL_UNAVAILABLE,
                    "the kernel has version " + landlockAbi + " of Landlock, every sandbox needs "
                            + LandlockRules.LEAST_ABI));
        }
        return List.copyOf(obstacles);
    }

    Problem problem() {
        return new Problem(code, reason);
    }
}
