package dev.redoubt.node.escape;

import java.util.Locale;

/** Who attacks from inside. */
public enum As {
    /** A job of uid 1000: no capability. */
    PLAIN,
    /** A job of uid 0 with what its profile gives to root. */
    ROOT;

    /** As it is printed. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
