package dev.redoubt.node.doctor;

/** What was found out about one thing that a wall rests on. */
public sealed interface Finding {
    /** The wall, or the part of the node, in a word or two. */
    String wall();

    /** What of the host it rests on. */
    String restsOn();

    /** What was found. */
    String found();

    /** It holds. */
    record Fit(String wall, String restsOn, String found) implements Finding {}

    /** It works, and something is weaker or slower than it could be. */
    record Weak(String wall, String restsOn, String found, String mend) implements Finding {}

    /** It cannot be built: sandboxes that need it refuse to start. */
    record Missing(String wall, String restsOn, String found, String mend) implements Finding {}
}
