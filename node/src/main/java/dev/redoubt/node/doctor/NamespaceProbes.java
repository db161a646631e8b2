package dev.redoubt.node.doctor;

import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.doctor.Finding.Weak;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Namespaces: each kind is made, by unshare(1), and what a sandbox mounts in them is mounted. All of it is gone with the
 * process that asked.
 */
final class NamespaceProbes {
    private static final long FEW = 4096;

    private static final Map<String, String> KINDS = new TreeMap<>(Map.of(
            "user", "--user",
            "mount", "--mount",
            "pid", "--pid --fork",
            "network", "--net",
            "ipc", "--ipc",
            "uts", "--uts",
            "cgroup", "--cgroup"));

    private NamespaceProbes() {}

    static List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        KINDS.forEach((kind, flags) -> findings.add(made(kind, flags)));
        findings.add(room(Host.number("/proc/sys/user/max_user_namespaces")));
        findings.add(mounted(
                "a view of /proc of its own",
                "unshare --user --map-root-user --mount --pid --fork --mount-proc true",
                "unmount what the host has mounted over parts of /proc: the kernel lets a sandbox mount its own only where "
                        + "the host's is wholly visible (mount_namespaces(7))"));
        findings.add(mounted(
                "terminals of its own (devpts)",
                "unshare --user --map-root-user --mount mount -t devpts -o newinstance,ptmxmode=0666 devpts /tmp",
                "boot a kernel with CONFIG_UNIX98_PTYS"));
        return findings;
    }

    private static Finding made(String kind, String flags) {
        String command = "unshare --user --map-root-user " + (kind.equals("user") ? "" : flags + " ") + "true";
        Host.Ran ran = Host.run(command.split(" ", -1));
        String what = kind + " namespaces";
        return ran.well()
                ? new Fit("namespaces", what, "made one")
                : new Missing(
                        "namespaces",
                        what,
                        ran.reason(),
                        "boot a kernel with CONFIG_" + (kind.equals("mount") ? "NAMESPACES" : config(kind))
                                + ", and let " + "sysctl user.max_" + (kind.equals("mount") ? "mnt" : kind)
                                + "_namespaces be above 0");
    }

    private static String config(String kind) {
        return switch (kind) {
            case "network" -> "NET_NS";
            case "cgroup" -> "CGROUPS";
            default -> kind.toUpperCase(Locale.ROOT) + "_NS";
        };
    }

    static Finding room(Optional<Long> most) {
        String what = "room for user namespaces";
        if (most.isEmpty()) {
            return new Missing("namespaces", what, "no user.max_user_namespaces", "boot a kernel with CONFIG_USER_NS");
        }
        return most.get() >= FEW
                ? new Fit("namespaces", what, "at most " + most.get())
                : new Weak(
                        "namespaces", what, "at most " + most.get(), "sysctl -w user.max_user_namespaces=" + 4 * FEW);
    }

    private static Finding mounted(String what, String command, String mend) {
        Host.Ran ran = Host.run(command.split(" ", -1));
        return ran.well()
                ? new Fit("namespaces", what, "mounted one")
                : new Missing("namespaces", what, ran.reason(), mend);
    }
}
