package dev.redoubt.node.driver;

import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.LaunchSpec.Bundle;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.protocol.SandboxSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * crun, to the walls of the native driver.
 *
 * <p>It makes the namespaces (in a user namespace of ours), /proc with its covers, ids, capabilities, no_new_privs, and
 * applies our filter whole ({@code run.oci.seccomp_bpf_data}), whose listener it sends to the builder's socket. It knows
 * neither Landlock nor securebits: the guest applies those, from a ruleset that the builder made, when the filter is up.
 */
record Crun() implements OciRuntime {
    /** Descriptors that the builder hands down; native/runtime.c has the same list. */
    private static final List<String> HANDED =
            List.of("--binary", "4", "--answer", "5", "--life", "6", "--ruleset", "7");

    private static final int HANDED_COUNT = 5;
    private static final String DEV = "/dev";
    private static final String GUEST = "/proc/self/fd/4";

    @Override
    public String program() {
        return "crun";
    }

    @Override
    public List<Refused> refused(SandboxSpec spec) {
        List<Refused> refused = new ArrayList<>();
        int restrict = CallNumbers.of("landlock_restrict_self");
        if (Filter.refuses(spec.profile().calls(), restrict, new long[6])) {
            refused.add(new Refused(
                    "syscalls",
                    "profile " + spec.profile().name()
                            + " denies landlock_restrict_self, with which the guest puts up layer C when crun has put up"
                            + " the filter; the native driver needs no such call"));
        }
        boolean mounted = spec.mounts().stream().anyMatch(mount -> isInDev(mount.target()));
        if (mounted || spec.files().paths().keySet().stream().anyMatch(path -> isInDev(path.text()))) {
            refused.add(new Refused(
                    "filesystem", "the driver crun makes /dev itself and holds no mount or rule beneath it"));
        }
        return List.copyOf(refused);
    }

    @Override
    public LaunchSpec built(LaunchSpec spec) {
        return spec;
    }

    @Override
    public Bundle runtime(
            LaunchSpec spec, List<LaunchSpec.Mask> covers, IdRange ids, HostProgram program, int firstTree) {
        List<String> words = List.of(
                program.path().toString(),
                "--root=/state",
                "--cgroup-manager=disabled",
                "run",
                "--detach",
                "--no-new-keyring",
                "--preserve-fds=" + HANDED_COUNT,
                "--pid-file=/pid",
                "--bundle=/bundle",
                "sandbox");
        return new Bundle(OciConfig.text(config(spec, covers, ids)), words, program.trees(firstTree), program.links());
    }

    private static Map<String, Object> config(LaunchSpec spec, List<LaunchSpec.Mask> covers, IdRange ids) {
        List<LaunchSpec.Mask> present = covers.stream().filter(Crun::isThere).toList();
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("ociVersion", OciConfig.VERSION);
        Map<String, Object> process = new LinkedHashMap<>(OciConfig.process(spec, arguments(spec), capabilities(spec)));
        if (!spec.label().profile().isEmpty()) {
            process.put("apparmorProfile", spec.label().profile());
        }
        if (!spec.label().domain().isEmpty()) {
            process.put("selinuxLabel", Selinux.contextOf(spec.label().domain(), ids));
        }
        config.put("process", process);
        config.put("root", Map.of("path", "/root"));
        config.put("hostname", spec.hostname());
        config.put(
                "mounts",
                mounts(
                        dev(spec),
                        present,
                        spec.files().stream()
                                .map(LaunchSpec.SynthesisedFile::path)
                                .toList()));
        Map<String, Object> linux = linux(present);
        if ((spec.flags() & LaunchSpec.TEST_NO_SECCOMP) != 0) {
            linux.remove("seccomp"); // as a crun that was built without; the builder must find out
        }
        config.put("linux", linux);
        config.put(
                "annotations",
                Map.of(
                        "run.oci.seccomp_bpf_data",
                        Base64.getEncoder().encodeToString(spec.filter().program())));
        return config;
    }

    /** The guest drops SETPCAP, which setting securebits takes, where it is not to keep it. */
    private static long capabilities(LaunchSpec spec) {
        return spec.guestCapabilities() | Capability.SETPCAP.mask();
    }

    private static List<String> arguments(LaunchSpec spec) {
        List<String> arguments = new ArrayList<>(List.of(GUEST));
        arguments.addAll(spec.arguments().subList(1, spec.arguments().size()));
        arguments.addAll(HANDED);
        arguments.addAll(List.of(
                "--securebits",
                Integer.toHexString(spec.securebits()),
                "--capabilities",
                Long.toHexString(spec.guestCapabilities())));
        return arguments;
    }

    /** The mounts of /dev, those beneath after it: crun binds one at a time. */
    private static List<String> dev(LaunchSpec spec) {
        List<String> mounts = new ArrayList<>(List.of(DEV, DEV + "/pts"));
        spec.tmpfs().stream().map(LaunchSpec.Tmpfs::path).filter(Crun::isInDev).forEach(mounts::add);
        return mounts;
    }

    private static boolean isInDev(String path) {
        return path.equals(DEV) || path.startsWith(DEV + "/");
    }

    /** In the order of the covers: one may lie beneath another. */
    private static List<Map<String, Object>> mounts(
            List<String> dev, List<LaunchSpec.Mask> covers, List<String> files) {
        List<Map<String, Object>> mounts = new ArrayList<>();
        mounts.add(OciConfig.mount("/proc", "proc", "proc", List.of("nosuid", "nodev", "noexec")));
        // What is there already, once more: where it sees a mount of its own, crun adds no device to /dev
        for (String path : dev) {
            mounts.add(OciConfig.bind(path, "/root" + path));
        }
        for (LaunchSpec.Mask cover : covers) {
            switch (cover.cover()) {
                case NULL -> mounts.add(OciConfig.bind(cover.path(), "/own/null"));
                case EMPTY -> mounts.add(OciConfig.bind(cover.path(), "/synthesised/empty"));
                case READ_ONLY -> {} // after the mounts: see linux()
                case HIDDEN, PINNED, FROZEN -> throw new IllegalArgumentException("not a cover of /proc: " + cover);
            }
        }
        for (int at = 0; at < files.size(); at++) {
            if (Files.exists(Path.of(files.get(at)))) {
                mounts.add(OciConfig.bind(files.get(at), "/synthesised/" + at));
            }
        }
        return mounts;
    }

    /** The host's /proc has what the sandbox's will have: it is the same kernel's. */
    private static boolean isThere(LaunchSpec.Mask cover) {
        return !cover.mayBeAbsent() || Files.exists(Path.of(cover.path()));
    }

    private static Map<String, Object> linux(List<LaunchSpec.Mask> covers) {
        Map<String, Object> linux = new LinkedHashMap<>();
        List<Map<String, Object>> namespaces = new ArrayList<>();
        namespaces.add(Map.of("type", "user", "path", "/userns"));
        for (String type : List.of("pid", "ipc", "uts", "mount", "cgroup")) { // the network's is the builder's
            namespaces.add(Map.of("type", type));
        }
        linux.put("namespaces", namespaces);
        linux.put(
                "readonlyPaths",
                covers.stream()
                        .filter(cover -> cover.cover() == LaunchSpec.Cover.READ_ONLY)
                        .map(LaunchSpec.Mask::path)
                        .toList());
        // The rules themselves are the annotation's
        linux.put(
                "seccomp",
                Map.of(
                        "defaultAction", "SCMP_ACT_ERRNO",
                        "flags", List.of("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
                        "listenerPath", "/listener"));
        return linux;
    }
}
