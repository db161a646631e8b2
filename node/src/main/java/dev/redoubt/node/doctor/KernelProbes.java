package dev.redoubt.node.doctor;

import dev.redoubt.linux.Landlock;
import dev.redoubt.linux.Seccomp;
import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.doctor.Finding.Weak;
import dev.redoubt.node.label.AppArmor;
import dev.redoubt.node.label.Selinux;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The kernel itself: its age, its processor, seccomp, Landlock, AppArmor and SELinux. */
final class KernelProbes {
    private static final Pattern RELEASE = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*");
    private static final int FLOOR_MAJOR = 6;
    private static final int FLOOR_MINOR = 12;

    /** Refusals of file access that stand; the versions above it add sockets (4), devices (5), abstract sockets and signals (6). */
    private static final int LANDLOCK_FLOOR = 3;

    private static final int LANDLOCK_SCOPES = 6;

    private KernelProbes() {}

    static List<Finding> look() {
        return List.of(
                release(Host.read("/proc/sys/kernel/osrelease").orElse("unknown")),
                architecture(System.getProperty("os.arch", "unknown")),
                filters(),
                landlock(Landlock.abi()),
                label(AppArmor.ofHost()),
                label(Selinux.ofHost()));
    }

    static Finding release(String release) {
        String what = "kernel " + FLOOR_MAJOR + "." + FLOOR_MINOR + " or later";
        Matcher version = RELEASE.matcher(release);
        if (version.matches()) {
            int major = Integer.parseInt(version.group(1));
            int minor = Integer.parseInt(version.group(2));
            if (major > FLOOR_MAJOR || (major == FLOOR_MAJOR && minor >= FLOOR_MINOR)) {
                return new Fit("all", what, release);
            }
        }
        return new Missing(
                "all", what, release, "boot a newer kernel (Debian 12: linux-image-amd64 of bookworm-backports)");
    }

    static Finding architecture(String name) {
        String what = "x86-64, whose system calls the filters know";
        return name.equals("amd64")
                ? new Fit("seccomp", what, name)
                : new Missing("seccomp", what, name, "use a machine with an x86-64 processor");
    }

    private static Finding filters() {
        Map<String, Integer> needed = new TreeMap<>(Map.of(
                "kill process", Seccomp.RET_KILL_PROCESS,
                "errno", Seccomp.RET_ERRNO,
                "user notification", Seccomp.RET_USER_NOTIF));
        needed.values().removeIf(Seccomp::hasAction);
        String what = "seccomp filters with kill, errno and user notification";
        return needed.isEmpty()
                ? new Fit("seccomp", what, "all three")
                : new Missing(
                        "seccomp",
                        what,
                        "without " + String.join(", ", needed.keySet()),
                        "boot a kernel with CONFIG_SECCOMP_FILTER");
    }

    static Finding landlock(int abi) {
        String what = "Landlock, version " + LANDLOCK_FLOOR + " or later";
        if (abi < LANDLOCK_FLOOR) {
            return new Missing(
                    "landlock",
                    what,
                    abi == 0 ? "none" : "version " + abi,
                    "boot a kernel with CONFIG_SECURITY_LANDLOCK and landlock in its lsm= list");
        }
        if (abi < LANDLOCK_SCOPES) {
            return new Weak(
                    "landlock",
                    what,
                    "version " + abi + ", which does not hold abstract sockets and signals",
                    "boot kernel 6.12 or later");
        }
        return new Fit("landlock", what, "version " + abi);
    }

    /** The five walls stand without it. */
    static Finding label(AppArmor host) {
        String what = "AppArmor, for a label on every process";
        return switch (host) {
            case AppArmor.Usable(Path parser) -> new Fit("label", what, "enabled, and " + parser);
            case AppArmor.Absent(String reason, String mend) -> new Weak("label", what, reason, mend);
        };
    }

    /** Nor do they need this one. */
    static Finding label(Selinux host) {
        String what = "SELinux, for a context on every process and file";
        return switch (host) {
            case Selinux.Usable ignored -> new Fit("label", what, "enforcing, and it knows " + Selinux.DOMAIN);
            case Selinux.Absent(String reason, String mend) -> new Weak("label", what, reason, mend);
        };
    }
}
