package dev.redoubt.node.walls.report;

import dev.redoubt.node.walls.Capability;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.InsideIds;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile.OnDrift;
import dev.redoubt.protocol.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a sandbox was launched with, as far as it can be asked of the kernel later: in the journal, so that a later node of
 * another version compares with what was asked and not with what it would ask.
 *
 * @param driver who built it
 * @param sharedKernelAccepted whether its profile wants a kernel of its own and somebody did without
 * @param guestUser uid and gid of process 1, inside
 * @param guestCapabilities permitted and effective of process 1, and its bounding set
 * @param jobCapabilities the most that any job has in any of its sets
 * @param calls the filter
 * @param files the rules of Landlock
 * @param witness number of process 1's descriptor that shows its Landlock domain; -1 when there is none
 * @param descriptors kinds of descriptors that process 1 has, as {@link DescriptorKinds} names them
 * @param label profile of AppArmor, entered by every process; empty when none was asked for
 * @param domain of SELinux, user, role and type of every process; empty when none was asked for
 */
public record Asked(
        String driver,
        String profile,
        boolean sharedKernelAccepted,
        OnDrift onDrift,
        NetworkMode network,
        int guestUser,
        long guestCapabilities,
        long jobCapabilities,
        Recorded calls,
        Recorded files,
        int witness,
        SortedSet<String> descriptors,
        Size memory,
        Cpus cpus,
        int pids,
        IoLimits io,
        List<Rlimit> rlimits,
        List<Mount> mounts,
        String label,
        String domain) {
    public Asked {
        Objects.requireNonNull(onDrift, "onDrift");
        Objects.requireNonNull(network, "network");
        Objects.requireNonNull(calls, "calls");
        Objects.requireNonNull(files, "files");
        descriptors = new TreeSet<>(descriptors);
        rlimits = List.copyOf(rlimits);
        mounts = List.copyOf(mounts);
        Objects.requireNonNull(label, "label");
        Objects.requireNonNull(domain, "domain");
    }

    /**
     * Something that the kernel does not give back.
     *
     * @param sha256 of the bytes that it was given, in hexadecimal
     * @param size instructions of a filter, rules of Landlock
     */
    public record Recorded(String sha256, int size) {}

    /** getrlimit(2); -1 is infinity. */
    public record Rlimit(int resource, long soft, long hard) {}

    /**
     * A mount.
     *
     * @param type of its file system; empty when any may be there
     * @param roots directories of that file system of which one is mounted; empty when any may be
     * @param options that it has, of ro, nosuid, nodev and noexec
     * @param mayBeAbsent where there is nothing to be covered
     */
    public record Mount(String point, String type, List<String> roots, SortedSet<String> options, boolean mayBeAbsent) {
        public Mount {
            roots = List.copyOf(roots);
            options = new TreeSet<>(options);
        }

        /** With one option more. */
        Mount with(String option) {
            SortedSet<String> more = new TreeSet<>(options);
            more.add(option);
            return new Mount(point, type, roots, more, mayBeAbsent);
        }
    }

    /** Whether jobs are of the same user as process 1. */
    boolean isSingle() {
        return guestUser != InsideIds.GUEST;
    }

    /** Whether what is inside is another kernel's. */
    boolean hasKernelOfItsOwn() {
        return driver.equals(Driver.GVISOR.toString());
    }

    /** A set of capabilities in words. */
    static String words(long mask) {
        List<String> names = new ArrayList<>();
        for (Capability capability : Capability.values()) {
            if ((mask & capability.mask()) != 0) {
                names.add(capability.name().toLowerCase(java.util.Locale.ROOT));
            }
        }
        long unknown = mask & -(1L << Capability.values().length);
        if (unknown != 0) {
            names.add("0x" + Long.toHexString(unknown));
        }
        return names.isEmpty() ? "none" : String.join(" ", names);
    }
}
