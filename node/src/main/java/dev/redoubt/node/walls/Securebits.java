package dev.redoubt.node.walls;

import dev.redoubt.protocol.Profile;

/** prctl(2) PR_SET_SECUREBITS: whether being uid 0 means anything to exec. */
public final class Securebits {
    private static final int NOROOT_LOCKED = 0x01 | 0x02;
    private static final int NO_SETUID_FIXUP_LOCKED = 0x04 | 0x08;
    private static final int KEEP_CAPS_OFF_LOCKED = 0x20;
    private static final int NO_AMBIENT_RAISE_LOCKED = 0x40 | 0x80;

    private Securebits() {}

    /**
     * Where no job is root, uid 0 gains nothing by exec, for ever. Where the guest keeps no capability either, nothing
     * may ever be kept or raised. With root jobs nothing is locked: apt relies on exec giving uid 0 its capabilities.
     */
    public static int of(Profile profile) {
        return switch (profile.root()) {
            case PACKAGES -> 0;
            case NONE -> NOROOT_LOCKED | (profile.users() == Profile.Users.SINGLE ? NOTHING_KEPT : 0);
        };
    }

    private static final int NOTHING_KEPT = NO_SETUID_FIXUP_LOCKED | KEEP_CAPS_OFF_LOCKED | NO_AMBIENT_RAISE_LOCKED;
}
