package dev.redoubt.protocol;

import java.util.Locale;

/** A wall that a profile may insist on. */
public enum Layer {
    NAMESPACES,
    SECCOMP,
    LANDLOCK,
    CGROUPS,
    NETWORK,
    /** A label of the host's AppArmor. */
    APPARMOR,
    /** A label of the host's SELinux. */
    SELINUX;

    /** Whether every sandbox has it, so that insisting on it changes nothing. */
    public boolean isInEverySandbox() {
        return this != APPARMOR && this != SELINUX;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
