package dev.redoubt.node.doctor;

import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.doctor.Finding.Weak;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Who runs this, how many files it may open, and the programs of the host that the node starts. */
final class LimitProbes {
    private static final Pattern OPEN_FILES = Pattern.compile("Max open files +\\d+ +(\\d+|unlimited) .*");
    private static final long FEW = 16_384;

    private LimitProbes() {}

    static List<Finding> look() {
        return List.of(
                user(Host.read("/proc/self/status").orElse("")),
                files(Host.read("/proc/self/limits").orElse("")),
                program("busybox image", "busybox", "busybox-static", true),
                program("disk limit", "mkfs.btrfs", "btrfs-progs", true),
                program("base image", "mmdebstrap", "mmdebstrap", false));
    }

    static Finding user(String status) {
        String what = "root, to make walls";
        return status.lines().anyMatch(line -> line.matches("Uid:\\s+0\\s+0\\s.*"))
                ? new Fit("all", what, "root")
                : new Missing("all", what, "another user", "run as root, or log in to a service");
    }

    static Finding files(String limits) {
        String what = "a hard limit on open files of " + FEW + " or more";
        String found = limits.lines()
                .map(OPEN_FILES::matcher)
                .filter(Matcher::matches)
                .map(line -> line.group(1))
                .findFirst()
                .orElse("unknown");
        boolean many = found.equals("unlimited") || (found.matches("\\d{1,18}") && Long.parseLong(found) >= FEW);
        return many
                ? new Fit("density", what, found)
                : new Weak(
                        "density",
                        what,
                        found,
                        "raise nofile in /etc/security/limits.conf, or LimitNOFILE= of the service");
    }

    private static Finding program(String part, String program, String debianPackage, boolean always) {
        String mend = "apt-get install " + debianPackage;
        if (Host.has(program)) {
            return new Fit(part, "the program " + program, "found");
        }
        return always
                ? new Missing(part, "the program " + program, "not found", mend)
                : new Weak(part, "the program " + program, "not found", mend);
    }
}
