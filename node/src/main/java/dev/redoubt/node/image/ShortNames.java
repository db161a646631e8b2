package dev.redoubt.node.image;

import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a name without a host means.
 *
 * @param registry host, perhaps with a port
 */
public record ShortNames(String registry) {
    private static final Pattern REGISTRY =
            Pattern.compile("(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+])(?::[0-9]{1,5})?");

    /** What every container tool means by them, by a convention older than the specification. */
    static final ShortNames CONVENTION = new ShortNames("docker.io");

    private static final String VARIABLE = "REDOUBT_REGISTRY";

    public ShortNames {
        if (!isRegistry(registry)) {
            throw new IllegalArgumentException("'" + registry + "' is not a host, perhaps with a port");
        }
    }

    static boolean isRegistry(String text) {
        return REGISTRY.matcher(text).matches();
    }

    /**
     * {@code REDOUBT_REGISTRY}, or what other tools mean.
     *
     * @throws Problem VALIDATION_ERROR when it is no host
     */
    public static ShortNames configured(Map<String, String> environment) {
        String value = environment.getOrDefault(VARIABLE, "");
        try {
            return value.isEmpty() ? CONVENTION : new ShortNames(value);
        } catch (IllegalArgumentException wrong) {
            throw new Problem(ProblemCode.VALIDATION_ERROR, VARIABLE + ": " + wrong.getMessage(), wrong);
        }
    }
}
