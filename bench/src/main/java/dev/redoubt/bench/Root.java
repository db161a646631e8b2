package dev.redoubt.bench;

import java.nio.file.Path;

/**
 * The root file system that all subjects of a case run on.
 *
 * @param image ours runs on it by this name
 * @param directory the others run on it read-only, from here: the image's only layer. They are spared an overlay.
 */
record Root(String image, Path directory) {}
