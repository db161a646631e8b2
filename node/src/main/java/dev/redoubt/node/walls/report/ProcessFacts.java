package dev.redoubt.node.walls.report;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.ranges.IdRange;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What the kernel says of one process, without a word of which it is: most of a sandbox are alike.
 *
 * @param uid and {@code gid}: real, effective, saved and for files, as they are inside; of the host's {@code host:N}
 * @param label what AppArmor has it as; empty when there is no AppArmor
 * @param context what SELinux has it as; empty when there is no SELinux
 * @param outside controllers in whose hierarchy it is not in the sandbox's group
 * @param limits hard and soft limits by the names of /proc/PID/limits; -1 is infinity
 */
record ProcessFacts(
        Namespaces namespaces,
        String uid,
        String gid,
        long inheritable,
        long permitted,
        long effective,
        long bounding,
        long ambient,
        boolean noNewPrivileges,
        int seccomp,
        int filters,
        String label,
        String context,
        List<String> outside,
        Map<String, Limit> limits) {

    /** -1 is infinity. */
    record Limit(long soft, long hard) {}

    /**
     * Reads a process.
     *
     * @param pid ours of it
     * @throws dev.redoubt.linux.LinuxException when it has ended
     * @throws java.io.UncheckedIOException when it has ended
     * @throws IllegalArgumentException when what the kernel says cannot be understood
     */
    static ProcessFacts of(int pid, IdRange ids, Texts texts) {
        String proc = "/proc/" + pid;
        StatusFields status = new StatusFields(LinuxFiles.readOnce(proc + "/status"));
        if (status.text("State").startsWith("Z") || status.text("State").startsWith("X")) {
            throw new EndedException();
        }
        return new ProcessFacts(
                Namespaces.of(Integer.toString(pid)),
                inside(status.words("Uid"), ids),
                inside(status.words("Gid"), ids),
                status.mask("CapInh"),
                status.mask("CapPrm"),
                status.mask("CapEff"),
                status.mask("CapBnd"),
                status.mask("CapAmb"),
                status.number("NoNewPrivs") == 1,
                status.number("Seccomp"),
                status.number("Seccomp_filters"),
                label(proc),
                Selinux.contextOf(pid),
                texts.outside(LinuxFiles.readOnce(proc + "/cgroup")),
                texts.limits(LinuxFiles.readOnce(proc + "/limits")));
    }

    /** It does not change while we run. */
    private static final boolean HAS_APPARMOR = Files.isDirectory(Path.of("/proc/self/attr/apparmor"));

    private static String label(String proc) {
        if (!HAS_APPARMOR) {
            return "";
        }
        try {
            return LinuxFiles.readOnce(proc + "/attr/apparmor/current");
        } catch (LinuxException none) {
            if (none.errno() == Errno.EINVAL) { // it has been built, and not switched on
                return "";
            }
            throw none;
        }
    }

    /** Files that are the same for most processes of a sandbox: each is understood once in a reading. */
    static final class Texts {
        private final SandboxCgroup group;
        private final Map<String, List<String>> outside = new HashMap<>();
        private final Map<String, Map<String, Limit>> limits = new HashMap<>();

        Texts(SandboxCgroup group) {
            this.group = group;
        }

        private List<String> outside(String membership) {
            return outside.computeIfAbsent(membership, group::notIn);
        }

        private Map<String, Limit> limits(String text) {
            return limits.computeIfAbsent(text, ProcessFacts::parsed);
        }
    }

    /** A process that has ended and waits for its parent is behind no wall any more, and in need of none. */
    static final class EndedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        EndedException() {
            super("ended");
        }
    }

    private static String inside(List<String> host, IdRange ids) {
        return host.stream()
                .mapToLong(Long::parseLong)
                .mapToObj(id ->
                        id >= ids.base() && id < ids.base() + IdRange.SIZE ? "" + (id - ids.base()) : "host:" + id)
                .distinct()
                .collect(Collectors.joining(" "));
    }

    /** Every user and group of the host that it runs as is one of the sandbox's. */
    boolean isInside() {
        return !uid.contains("host") && !gid.contains("host");
    }

    /** All that any of its sets holds. */
    long capabilities() {
        return inheritable | permitted | effective | bounding | ambient;
    }

    /** {@code Max open files            1024                 4096                 files}: columns of fixed width. */
    private static Map<String, Limit> parsed(String text) {
        Map<String, Limit> limits = new TreeMap<>();
        text.lines().skip(1).forEach(line -> {
            String[] values = line.substring(26).strip().split("\\s+", -1);
            limits.put(line.substring(0, 26).strip(), new Limit(value(values[0]), value(values[1])));
        });
        return Map.copyOf(limits);
    }

    private static long value(String text) {
        return text.equals("unlimited") ? -1 : Long.parseLong(text);
    }
}
