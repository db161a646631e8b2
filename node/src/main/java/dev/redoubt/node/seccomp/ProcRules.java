package dev.redoubt.node.seccomp;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which files of /proc the broker may open for somebody else.
 *
 * <p>Some of them show what they show of whoever opens them: settings of the opener's namespaces, ids as the opener's user
 * namespace has them. Those would be the host's. Of /proc/sys, where that is the rule, only what is known to be one for
 * all is opened.
 */
final class ProcRules {
    private static final Pattern OF_PROCESS = Pattern.compile("/proc/[0-9]+(?:/task/[0-9]+)?/(.+)");
    private static final Set<String> NOT_OF_PROCESS = Set.of("mem", "uid_map", "gid_map", "projid_map", "setgroups");

    private static final Set<String> OF_MEMORY =
            Set.of("maps", "smaps", "smaps_rollup", "numa_maps", "environ", "auxv");

    private static final Pattern SETTING = Pattern.compile("/proc/sys/(?:vm/[^/]+|kernel/random/[^/]+"
            + "|kernel/(?:osrelease|ostype|version|hostname|domainname|ngroups_max|cap_last_cap|threads-max"
            + "|overflowuid|overflowgid)|fs/(?:file-max|file-nr|nr_open|inode-nr|pipe-max-size))");

    private ProcRules() {}

    /** Why a file of /proc is not opened; empty when it may be. */
    static Optional<String> problem(String name, boolean isDirectory) {
        Matcher process = OF_PROCESS.matcher(name);
        if (process.matches()) {
            return NOT_OF_PROCESS.contains(process.group(1))
                    ? Optional.of("the broker opens the files of this profile, and this one it would open as itself")
                    : Optional.empty();
        }
        boolean ofNamespaces =
                (name.startsWith("/proc/sys/") && !SETTING.matcher(name).matches())
                        || name.startsWith("/proc/sysvipc/");
        return ofNamespaces && !isDirectory
                ? Optional.of("the broker opens the files of this profile, and here it would read the host's settings")
                : Optional.empty();
    }

    /** Whether it is a view of this process's memory or environment, which others may not have. */
    static boolean showsItself(String name, int process) {
        Matcher of = OF_PROCESS.matcher(name);
        return name.startsWith("/proc/" + process + "/") && of.matches() && OF_MEMORY.contains(of.group(1));
    }

    /** Whether it tells ids, which have to be told as the sandbox counts them. */
    static boolean tellsIds(String name) {
        Matcher process = OF_PROCESS.matcher(name);
        return process.matches() && process.group(1).equals("status");
    }
}
