package dev.redoubt.protocol;

import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * What a sandbox is to be. A spec that exists is valid in itself; whether this host can build it is the node's answer.
 *
 * @param image a name or digest of the node's image store
 * @param readOnly whether the root is read-only even where the profile's is not
 * @param hostname what {@code uname -n} says inside
 * @param mounts only from the local root
 * @param mountUid the user inside who owns what is mounted
 * @param labels notes on it
 * @param driver what builds it
 * @param sharedKernelAccepted whether the profile wants a kernel of its own and whoever asks does without
 */
public record SandboxSpec(
        String image,
        Profile profile,
        Limits limits,
        NetworkMode network,
        boolean readOnly,
        String hostname,
        List<HostMount> mounts,
        int mountUid,
        Labels labels,
        Driver driver,
        boolean sharedKernelAccepted) {
    private static final Pattern HOSTNAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final int MOST_MOUNTS = 32;

    public SandboxSpec {
        Objects.requireNonNull(profile, "profile");
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(network, "network");
        Objects.requireNonNull(labels, "labels");
        Objects.requireNonNull(driver, "driver");
        mounts = List.copyOf(mounts);
        if (image.isEmpty()) {
            throw new IllegalArgumentException("an image has a name");
        }
        if (!HOSTNAME.matcher(hostname).matches()) {
            throw new IllegalArgumentException(
                    "host name '" + hostname + "' is not 1 to 63 lower-case letters, digits and inner hyphens");
        }
        if (mounts.size() > MOST_MOUNTS) {
            throw new IllegalArgumentException(mounts.size() + " mounts; at most " + MOST_MOUNTS);
        }
        if (mountUid < 0 || mountUid > 65_532) {
            throw new IllegalArgumentException("user " + mountUid + " is not one of 0 to 65532");
        }
    }

    /** One without labels, as the native driver builds it. */
    public SandboxSpec(
            String image,
            Profile profile,
            Limits limits,
            NetworkMode network,
            boolean readOnly,
            String hostname,
            List<HostMount> mounts,
            int mountUid) {
        this(image, profile, limits, network, readOnly, hostname, mounts, mountUid, Labels.NONE, Driver.NATIVE, false);
    }

    /** The profile's rules for files, with a root that is read-only when either says so. */
    public FileRules files() {
        return readOnly ? profile.files().withReadOnlyRoot() : profile.files();
    }

    /** The same under another profile. */
    public SandboxSpec withProfile(Profile other) {
        return new SandboxSpec(
                image,
                other,
                limits,
                network,
                readOnly,
                hostname,
                mounts,
                mountUid,
                labels,
                driver,
                sharedKernelAccepted);
    }

    /** The same with labels. */
    public SandboxSpec labelled(Labels value) {
        return new SandboxSpec(
                image,
                profile,
                limits,
                network,
                readOnly,
                hostname,
                mounts,
                mountUid,
                value,
                driver,
                sharedKernelAccepted);
    }

    /** The same with names that nothing inside can open. */
    public SandboxSpec hiding(PathPatterns patterns) {
        return withProfile(profile.withFiles(profile.files().withPatterns(patterns)));
    }

    /** The defaults of the contract for an image: sealed, 512 MiB, one cpu, 256 processes, 1 GiB of disk. */
    public static SandboxSpec of(String image) {
        return new SandboxSpec(
                image, Profile.DEFAULT, Limits.DEFAULT, NetworkMode.NONE, false, "sandbox", List.of(), 1000);
    }

    /**
     * The same on this machine's kernel, whatever classes its profile names; where that is one of them anyway, nothing is
     * accepted.
     */
    public SandboxSpec onSharedKernel() {
        boolean already = profile.runtimes().contains(RuntimeClass.CONTAINER);
        return new SandboxSpec(
                image,
                already ? profile : profile.alsoIn(RuntimeClass.CONTAINER),
                limits,
                network,
                readOnly,
                hostname,
                mounts,
                mountUid,
                labels,
                driver,
                sharedKernelAccepted || (!already && driver.runtimeClass() == RuntimeClass.CONTAINER));
    }

    public SandboxSpec withLimits(Limits value) {
        return new SandboxSpec(
                image,
                profile,
                value,
                network,
                readOnly,
                hostname,
                mounts,
                mountUid,
                labels,
                driver,
                sharedKernelAccepted);
    }

    /** The same with another mode of the network. */
    public SandboxSpec withNetwork(NetworkMode other) {
        return new SandboxSpec(
                image,
                profile,
                limits,
                other,
                readOnly,
                hostname,
                mounts,
                mountUid,
                labels,
                driver,
                sharedKernelAccepted);
    }

    /** The same, built by another driver. */
    public SandboxSpec withDriver(Driver other) {
        return new SandboxSpec(
                image,
                profile,
                limits,
                network,
                readOnly,
                hostname,
                mounts,
                mountUid,
                labels,
                other,
                sharedKernelAccepted);
    }
}
