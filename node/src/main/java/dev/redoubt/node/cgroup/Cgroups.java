package dev.redoubt.node.cgroup;

import dev.redoubt.linux.MountInfo;
import java.util.List;
import java.util.Set;

/** The control groups of this host. */
public sealed interface Cgroups permits CgroupsV1, CgroupsV2 {
    /**
     * Finds what this host has. Changes nothing.
     *
     * @throws CgroupException when no hierarchy is mounted at all
     */
    static Cgroups detect() {
        return of(MountInfo.ofThisProcess());
    }

    /** A controller lives in one version only, so whoever has version 1 memory has nothing of use in version 2. */
    static Cgroups of(List<MountInfo> mounts) {
        CgroupsV1 v1 = CgroupsV1.of(mounts);
        if (v1.has(Controller.MEMORY)) {
            return v1;
        }
        return CgroupsV2.of(mounts);
    }

    /** Whether a process is to be born inside its group (clone3(2)) instead of joining it. */
    default boolean isVersion2() {
        return this instanceof CgroupsV2;
    }

    /** What cannot be limited here; empty on a fit host. */
    List<Gap> gaps();

    /**
     * Makes a new, empty, unlimited group.
     *
     * @param name lower-case letters, digits, {@code _} and {@code -}; the first part should tell the owner, so that a
     *     sweep can tell whose it is
     * @throws CgroupException when it exists or cannot be made; then nothing of it is left
     */
    SandboxCgroup create(String name);

    /** A group that this or another process made, for taking it over or removing it; it may be partly there. */
    SandboxCgroup existing(String name);

    /** The names of all groups that Redoubt has on this host, whichever process made them. */
    Set<String> names();

    /** Removes the directory that holds the groups when it is empty, and says whether it did. */
    boolean removeWhenEmpty();
}
