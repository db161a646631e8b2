package dev.redoubt.node.image;

import java.nio.file.Path;

/**
 * A file of ours that the base image gets on top of Debian.
 *
 * @param source on this machine
 * @param target inside, without a slash at the start
 * @param mode its permissions; it belongs to root
 */
public record ExtraFile(Path source, String target, int mode) {
    public ExtraFile {
        if (target.isEmpty() || target.startsWith("/") || target.endsWith("/") || target.contains("..")) {
            throw new IllegalArgumentException("the target is a path inside the image, without a slash at the start");
        }
    }
}
