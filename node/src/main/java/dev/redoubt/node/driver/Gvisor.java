package dev.redoubt.node.driver;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.LaunchSpec.Bundle;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.SandboxSpec;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * runsc: a kernel in user space, which answers what the sandbox calls. The host's kernel sees runsc's own calls only.
 *
 * <p>There is no broker, no Landlock and no filter of ours inside: what they would hold is that kernel's own. Its processes
 * are in the sandbox's control groups and network namespace, and serve the sandbox's overlay from its own user namespace.
 */
record Gvisor() implements OciRuntime {
    /** In a tmpfs, so that no layer ever has it. */
    private static final String GUEST = "/run/redoubt/guest";
    /** getrlimit(2), by the numbers of asm-generic/resource.h. */
    private static final Map<Integer, String> LIMITS = Map.of(
            3,
            "STACK",
            4,
            "CORE",
            7,
            "NOFILE",
            8,
            "MEMLOCK",
            11,
            "SIGPENDING",
            12,
            "MSGQUEUE",
            13,
            "NICE",
            14,
            "RTPRIO");

    @Override
    public String program() {
        return "runsc";
    }

    @Override
    public List<Refused> refused(SandboxSpec spec) {
        List<Refused> refused = new ArrayList<>();
        if (spec.network() != NetworkMode.NONE) {
            refused.add(new Refused(
                    "network",
                    "network mode " + spec.network() + " is not built for the class gvisor: its sockets are its own"
                            + " kernel's, where nothing outside can connect; use none"));
        }
        if (!spec.files().paths().isEmpty() || !spec.files().patterns().isEmpty()) {
            refused.add(new Refused(
                    "filesystem",
                    "profile " + spec.profile().name() + " has rules for paths, which the class gvisor does not hold"));
        }
        spec.mounts().stream()
                .filter(mount -> !mount.readOnly())
                .forEach(mount -> refused.add(new Refused(
                        "mount",
                        "mount " + mount.source()
                                + " would be writable, and runsc makes files as a user whom such a mount does not"
                                + " know; with the class gvisor mount it with :ro")));
        return List.copyOf(refused);
    }

    @Override
    public LaunchSpec built(LaunchSpec spec) {
        return new LaunchSpec(
                (spec.flags() & LaunchSpec.READ_ONLY) | LaunchSpec.STREAMS_ONLY,
                spec.guestUid(),
                spec.guestGid(),
                spec.guestCapabilities(),
                spec.boundingSet(),
                0,
                spec.layers(),
                spec.upper(),
                spec.hostname(),
                spec.tmpfs(), // their mount points: what is read-only cannot get them later
                spec.binds(),
                List.of(),
                List.of(),
                List.of(),
                new LaunchSpec.Landlock(0, 0, 0, List.of()),
                new LaunchSpec.Filter(new byte[0]),
                spec.arguments(),
                LaunchSpec.Label.NONE); // of the sandbox's processes the host sees none
    }

    @Override
    public Bundle runtime(
            LaunchSpec spec, List<LaunchSpec.Mask> covers, IdRange ids, HostProgram program, int firstTree) {
        List<String> words = List.of(
                program.path().toString(),
                "--root=/state",
                "--ignore-cgroups",
                "--network=none",
                "--platform=ptrace",
                "run",
                "--detach",
                "--pid-file=/pid",
                "--bundle=/bundle",
                "sandbox");
        return new Bundle(OciConfig.text(config(spec, ids)), words, program.trees(firstTree), program.links());
    }

    private static Map<String, Object> config(LaunchSpec spec, IdRange ids) {
        Map<String, Object> config = new LinkedHashMap<>();
        Map<String, Object> process =
                new LinkedHashMap<>(OciConfig.process(spec, arguments(spec), spec.guestCapabilities()));
        process.put("rlimits", rlimits(spec));
        config.put("ociVersion", OciConfig.VERSION);
        config.put("process", process);
        config.put(
                "root", Map.of("path", "/root")); // what is to be read-only is a read-only mount: the gofer finds it so
        config.put("hostname", spec.hostname());
        config.put("mounts", mounts(spec));
        config.put("linux", linux(ids));
        return config;
    }

    private static List<String> arguments(LaunchSpec spec) {
        List<String> arguments = new ArrayList<>(List.of(GUEST));
        arguments.addAll(spec.arguments().subList(1, spec.arguments().size()));
        arguments.addAll(List.of("--channel", "0", "--life", "1"));
        return arguments;
    }

    private static List<Map<String, Object>> rlimits(LaunchSpec spec) {
        return spec.rlimits().stream()
                .map(limit -> Map.<String, Object>of(
                        "type", name(limit.resource()), "soft", unsigned(limit.soft()), "hard", unsigned(limit.hard())))
                .toList();
    }

    /** The configuration counts without a sign. */
    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    private static String name(int resource) {
        String name = LIMITS.get(resource);
        if (name == null) {
            throw new IllegalArgumentException("resource " + resource + " has no name here");
        }
        return "RLIMIT_" + name;
    }

    private static List<Map<String, Object>> mounts(LaunchSpec spec) {
        List<Map<String, Object>> mounts = new ArrayList<>();
        mounts.add(OciConfig.mount("/proc", "proc", "proc", List.of("nosuid", "nodev", "noexec")));
        for (LaunchSpec.Tmpfs tmpfs : spec.tmpfs()) {
            mounts.add(OciConfig.mount(
                    tmpfs.path(),
                    "tmpfs",
                    "tmpfs",
                    List.of(
                            "nosuid",
                            "nodev",
                            "mode=" + Integer.toOctalString(tmpfs.mode()),
                            "size=" + tmpfs.bytes())));
        }
        mounts.add(OciConfig.mount(GUEST, "bind", "/guest", List.of("bind", "ro")));
        return mounts;
    }

    private static Map<String, Object> linux(IdRange ids) {
        List<Map<String, Object>> namespaces = new ArrayList<>();
        for (String type : List.of("user", "pid", "ipc", "uts", "mount")) {
            namespaces.add(Map.of("type", type));
        }
        List<Map<String, Object>> map = List.of(Map.of("containerID", 0, "hostID", ids.base(), "size", 65_536));
        return Map.of("namespaces", namespaces, "uidMappings", map, "gidMappings", map);
    }
}
