package dev.redoubt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * An OCI bundle: one container as runc, crun and runsc want it described.
 *
 * <p>What `runc spec` writes (seven namespaces but the user's, three capabilities, no_new_privs, the usual masks, no
 * seccomp) with the limits of our own defaults: a container as most people run it, with fewer walls than ours.
 */
record Bundle(Path directory, String id) {
    private static final long MEMORY = 512L << 20;
    private static final int PERIOD = 100_000;
    private static final int PIDS = 256;
    private static final int OPEN_FILES = 1024;
    private static final List<String> CAPABILITIES = List.of("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");
    private static final List<String> MASKED = List.of(
            "/proc/acpi",
            "/proc/asound",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/proc/sched_debug",
            "/sys/firmware",
            "/proc/scsi");
    private static final List<String> READ_ONLY =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    /**
     * Writes one.
     *
     * @param programs a directory shown inside at {@code /mnt}, so that a program need not be in the image
     */
    static Bundle write(Path directory, String id, String cgroupParent, Path root, Path programs, List<String> argv)
            throws IOException {
        Files.createDirectories(directory);
        Map<String, Object> config = Map.of(
                "ociVersion", "1.0.0",
                "process", process(argv),
                "root", Map.of("path", root.toString(), "readonly", true),
                "hostname", "sandbox",
                "mounts", mounts(programs),
                "linux", linux("/" + cgroupParent + "/" + id));
        Files.writeString(
                directory.resolve("config.json"), JsonMapper.builder().build().writeValueAsString(config));
        return new Bundle(directory, id);
    }

    private static Map<String, Object> process(List<String> argv) {
        return Map.of(
                "terminal",
                false,
                "user",
                Map.of("uid", 0, "gid", 0),
                "args",
                argv,
                "env",
                List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                "cwd",
                "/",
                "capabilities",
                Map.of(
                        "bounding", CAPABILITIES,
                        "effective", CAPABILITIES,
                        "permitted", CAPABILITIES),
                "rlimits",
                List.of(Map.of("type", "RLIMIT_NOFILE", "hard", OPEN_FILES, "soft", OPEN_FILES)),
                "noNewPrivileges",
                true);
    }

    private static List<Map<String, Object>> mounts(Path programs) {
        List<Map<String, Object>> mounts = new ArrayList<>();
        mounts.add(mount("/proc", "proc", "proc"));
        mounts.add(mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"));
        mounts.add(mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666"));
        mounts.add(mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
        mounts.add(mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"));
        mounts.add(mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"));
        mounts.add(mount("/tmp", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=1777", "size=65536k"));
        mounts.add(mount("/mnt", "bind", programs.toString(), "bind", "ro", "nosuid", "nodev"));
        return mounts;
    }

    private static Map<String, Object> mount(String destination, String type, String source, String... options) {
        return Map.of("destination", destination, "type", type, "source", source, "options", List.of(options));
    }

    private static Map<String, Object> linux(String cgroup) {
        return Map.of(
                "cgroupsPath", cgroup,
                "resources",
                        Map.of(
                                "devices", List.of(Map.of("allow", false, "access", "rwm")),
                                "memory", Map.of("limit", MEMORY),
                                "cpu", Map.of("quota", PERIOD, "period", PERIOD),
                                "pids", Map.of("limit", PIDS)),
                "namespaces",
                        Stream.of("pid", "network", "ipc", "uts", "mount", "cgroup")
                                .map(type -> Map.of("type", type))
                                .toList(),
                "maskedPaths", MASKED,
                "readonlyPaths", READ_ONLY);
    }
}
