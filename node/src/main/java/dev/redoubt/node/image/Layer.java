package dev.redoubt.node.image;

import java.nio.file.Path;

/**
 * One layer on the disk.
 *
 * @param diffId digest of its uncompressed archive
 * @param key name of its directory: the diffId, or the digest of the chain up to it (see {@link Layers})
 * @param directory root of the layer's tree: canonical ids 0 to 65535, whiteouts, {@code user.overlay.opaque}
 * @param size bytes of its files
 */
public record Layer(Digest diffId, Digest key, Path directory, long size) {}
