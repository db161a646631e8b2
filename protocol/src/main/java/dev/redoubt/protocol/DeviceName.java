package dev.redoubt.protocol;

import java.util.Locale;

/** The devices that a sandbox may have: none holds state of another program, none reaches hardware. */
public enum DeviceName {
    NULL,
    ZERO,
    FULL,
    RANDOM,
    URANDOM,
    /** Whichever terminal controls the process that opens it. */
    TTY;

    /** Its path inside. */
    @Override
    public String toString() {
        return "/dev/" + name().toLowerCase(Locale.ROOT);
    }
}
