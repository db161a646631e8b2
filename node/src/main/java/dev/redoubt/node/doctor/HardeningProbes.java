package dev.redoubt.node.doctor;

import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Weak;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Settings of the host that no wall rests on alone, and that decide how much a hole in one is worth: side channels, pages
 * shared between tenants, what an unprivileged process can learn or reach in the kernel. Changing them is the operator's.
 */
final class HardeningProbes {
    private static final Path VULNERABILITIES = Path.of("/sys/devices/system/cpu/vulnerabilities");

    private HardeningProbes() {}

    static List<Finding> look() {
        return List.of(
                atLeast("kernel.kptr_restrict", 1, 2, "kernel addresses hidden"),
                atLeast("kernel.dmesg_restrict", 1, 1, "the kernel's log hidden"),
                atLeast("kernel.unprivileged_bpf_disabled", 1, 1, "bpf(2) for root only"),
                atLeast("kernel.yama.ptrace_scope", 1, 1, "ptrace(2) of children only"),
                ksm(Host.read("/sys/kernel/mm/ksm/run")),
                lockdown(Host.read("/sys/kernel/security/lockdown")),
                cores(Host.read("/proc/sys/kernel/core_pattern").orElse("")),
                swap(Host.read("/proc/swaps").orElse("")),
                siblings(Host.read("/sys/devices/system/cpu/smt/active")),
                mitigations(vulnerable()));
    }

    private static Finding atLeast(String name, long least, long better, String what) {
        Optional<Long> value = Host.number("/proc/sys/" + name.replace('.', '/'));
        return atLeast(name, value, least, better, what);
    }

    static Finding atLeast(String name, Optional<Long> value, long least, long better, String what) {
        String restsOn = what + " (" + name + ")";
        String mend = "sysctl -w " + name + "=" + better;
        if (value.isEmpty()) {
            return new Weak(
                    "hardening", restsOn, "this kernel has no such setting", "boot a kernel that has it (Debian's do)");
        }
        return value.get() >= least
                ? new Fit("hardening", restsOn, value.get().toString())
                : new Weak("hardening", restsOn, value.get().toString(), mend);
    }

    /** Merged pages tell a tenant by timing what its neighbour holds (CVE-2015-2877). */
    static Finding ksm(Optional<String> run) {
        String what = "no pages merged between tenants (KSM)";
        return run.filter(value -> value.equals("1")).isPresent()
                ? new Weak("hardening", what, "on", "echo 2 >/sys/kernel/mm/ksm/run")
                : new Fit("hardening", what, run.isEmpty() ? "this kernel has none" : "off");
    }

    static Finding lockdown(Optional<String> modes) {
        String what = "kernel lockdown";
        String found = modes.orElse("this kernel has none");
        return found.contains("[integrity]") || found.contains("[confidentiality]")
                ? new Fit("hardening", what, found)
                : new Weak("hardening", what, found, "boot with lockdown=integrity");
    }

    /**
     * A handler behind a pipe runs as root on the host and reads what a crash inside left: core(5), CVE-2022-28655 and
     * kin. One behind a socket (since 6.16) is handed it whatever the limit on core files is.
     */
    static Finding cores(String pattern) {
        String what = "no program of the host that reads a sandbox's core dumps";
        return pattern.startsWith("|") || pattern.startsWith("@")
                ? new Weak("hardening", what, "kernel.core_pattern is " + pattern, "sysctl -w kernel.core_pattern=core")
                : new Fit("hardening", what, pattern);
    }

    static Finding swap(String swaps) {
        String what = "no memory of sandboxes written to disk";
        long areas = swaps.lines().skip(1).count();
        return areas == 0
                ? new Fit("hardening", what, "no swap")
                : new Weak("hardening", what, areas + " swap areas", "encrypt them, or swapoff -a");
    }

    static Finding siblings(Optional<String> active) {
        String what = "no two tenants on one core (SMT)";
        return active.filter(value -> value.equals("1")).isPresent()
                ? new Weak("hardening", what, "on", "boot with nosmt where tenants distrust each other")
                : new Fit("hardening", what, "off");
    }

    private static List<String> vulnerable() {
        List<String> names = new ArrayList<>();
        if (!Files.isDirectory(VULNERABILITIES)) {
            return names;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(VULNERABILITIES)) {
            for (Path file : files) {
                if (Host.read(file.toString()).orElse("").startsWith("Vulnerable")) {
                    names.add(file.getFileName().toString());
                }
            }
        } catch (IOException unreadable) {
            names.add("unknown: " + unreadable.getMessage());
        }
        return names;
    }

    static Finding mitigations(List<String> vulnerable) {
        String what = "processor faults mitigated";
        return vulnerable.isEmpty()
                ? new Fit("hardening", what, "none vulnerable")
                : new Weak(
                        "hardening",
                        what,
                        "vulnerable: " + String.join(", ", vulnerable),
                        "update the microcode, and boot without mitigations=off");
    }
}
