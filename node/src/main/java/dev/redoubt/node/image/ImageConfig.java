package dev.redoubt.node.image;

import java.util.List;

/**
 * What an image says about running it; the sandbox's own settings go before it.
 *
 * @param environment {@code NAME=value}
 * @param user as written in the image: name or number, perhaps {@code :group}; empty when it does not say
 * @param workingDirectory empty when it does not say
 */
public record ImageConfig(
        List<String> environment, List<String> entrypoint, List<String> command, String user, String workingDirectory) {
    public static final ImageConfig EMPTY = new ImageConfig(List.of(), List.of(), List.of(), "", "");

    public ImageConfig {
        environment = List.copyOf(environment);
        entrypoint = List.copyOf(entrypoint);
        command = List.copyOf(command);
    }
}
