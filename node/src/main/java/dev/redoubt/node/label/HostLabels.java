package dev.redoubt.node.label;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.protocol.Profile;

/** What the host has of mandatory access control; each does without the other. */
public record HostLabels(AppArmor appArmor, Selinux selinux) {
    /** Looks at the host. Changes nothing. */
    public static HostLabels ofHost() {
        return new HostLabels(AppArmor.ofHost(), Selinux.ofHost());
    }

    /** The same, once AppArmor has our profiles; SELinux has its module from the host's operator, or not. */
    public static HostLabels loaded() {
        return new HostLabels(AppArmor.loaded(), Selinux.ofHost());
    }

    /** What the guest of a sandbox with this profile enters. */
    public LaunchSpec.Label labelOf(Profile profile) {
        return new LaunchSpec.Label(appArmor.labelOf(profile), selinux.domainOf(profile));
    }
}
