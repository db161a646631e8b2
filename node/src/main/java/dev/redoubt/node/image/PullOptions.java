package dev.redoubt.node.image;

import java.util.Optional;

/**
 * How to pull.
 *
 * @param insecure plain HTTP is allowed; without it only for this machine itself
 */
public record PullOptions(Platform platform, boolean insecure, Optional<Credentials> credentials) {
    public static PullOptions standard() {
        return new PullOptions(Platform.host(), false, Optional.empty());
    }
}
