package dev.redoubt.node.image;

/** Progress, for whoever watches. */
public sealed interface ImageEvent {
    /** Another process is making the same thing; this one waits for it. */
    record Waiting(String what) implements ImageEvent {}

    /** Part of a blob has come from the registry. */
    record Downloading(Digest blob, long done, long total) implements ImageEvent {}

    /** So much of an archive has been unpacked, counted uncompressed. */
    record Unpacking(String what, long bytes) implements ImageEvent {}

    /** A layer was here already. */
    record Present(Digest layer) implements ImageEvent {}

    /** A line of the program that builds the base image. */
    record Building(String line) implements ImageEvent {}

    /** The image is complete. */
    record Ready(Image image) implements ImageEvent {}
}
