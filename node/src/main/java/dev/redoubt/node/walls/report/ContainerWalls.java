package dev.redoubt.node.walls.report;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.LaunchSpec.Mask;
import dev.redoubt.node.launch.SlotPlan;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.SandboxSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What the drivers native and crun make of a launch (native/sandbox.c, native/runtime.c): all that a report knows of them.
 *
 * <p>They build the same. The one difference that the kernel shows is that crun, told to make a path of /proc read-only, makes a
 * mount of it that is that alone; nothing of proc runs, is a device or gains a user whatever the mount says.
 */
public final class ContainerWalls {
    /** WITNESS_FD of native/frame.h. */
    private static final int WITNESS = 7;

    /** What a guest has open, with jobs or without. */
    private static final SortedSet<String> DESCRIPTORS = new TreeSet<>(List.of(
            "/dev/null",
            "/proc/interrupts", // the witness
            "socket",
            "pipe",
            "anon_inode:[eventpoll]",
            "anon_inode:[signalfd]",
            "/dev/ptmx",
            "/dev/pts/ptmx"));

    private final List<Asked.Mount> mounts = new ArrayList<>();

    private final String readOnlyPath;

    private ContainerWalls(Driver driver) {
        readOnlyPath = driver == Driver.CRUN ? "ro" : "ro nosuid nodev noexec";
    }

    /**
     * What is asked of the kernel when a spec is launched.
     *
     * @param launch the spec as it is compiled
     * @param plan what covers /proc
     * @param filter name of the filter's bytes
     */
    public static Asked asked(SandboxSpec spec, LaunchSpec launch, SlotPlan plan, String filter) {
        Limits limits = spec.limits();
        return new Asked(
                spec.driver().toString(),
                spec.profile().name(),
                spec.sharedKernelAccepted(),
                spec.profile().onDrift(),
                spec.network(),
                launch.guestUid(),
                launch.guestCapabilities(),
                Capability.mask(Capability.ofRootJob(spec.profile())),
                new Asked.Recorded(filter, launch.filter().program().length / 8),
                new Asked.Recorded(
                        sha256(launch.landlock().toString()),
                        launch.landlock().rules().size()),
                WITNESS,
                DESCRIPTORS,
                limits.memory(),
                limits.cpus(),
                limits.pids(),
                limits.io(),
                launch.rlimits().stream()
                        .map(limit -> new Asked.Rlimit(limit.resource(), limit.soft(), limit.hard()))
                        .toList(),
                new ContainerWalls(spec.driver()).mounts(launch, plan),
                launch.label().profile(),
                launch.label().domain());
    }

    /** Of the rules as they print; the same rules print the same. */
    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java has SHA-256", impossible);
        }
    }

    private List<Asked.Mount> mounts(LaunchSpec launch, SlotPlan plan) {
        boolean readOnly = (launch.flags() & LaunchSpec.READ_ONLY) != 0;
        add("/", "overlay", "/", readOnly ? "ro nosuid nodev" : "nosuid nodev");
        add("/dev", "tmpfs", "/dev", "nosuid noexec");
        add("/dev/pts", "devpts", "/", "nosuid noexec");
        add("/proc", "proc", "/", "nosuid nodev noexec");
        plan.masks().forEach(this::add);
        for (int number = 0; number < plan.files().size(); number++) {
            addFile(plan.files().get(number), number);
        }
        launch.tmpfs().forEach(tmpfs -> add(tmpfs.path(), "tmpfs", "/", "nosuid nodev"));
        launch.binds()
                .forEach(bind -> mounts.add(mount(
                        bind.path(), "", List.of(), bind.readOnly() ? "ro nosuid nodev" : "nosuid nodev", false)));
        launch.masks().forEach(this::add);
        return List.copyOf(mounts);
    }

    /** A synthesised file; a kernel that does not have it needs none. */
    private void addFile(String path, int number) {
        mounts.add(mount(path, "tmpfs", List.of("/" + number), "ro nosuid nodev noexec", true));
    }

    private void add(String point, String type, String root, String options) {
        mounts.add(mount(point, type, List.of(root), options, false));
    }

    private static Asked.Mount mount(
            String point, String type, List<String> roots, String options, boolean mayBeAbsent) {
        return new Asked.Mount(point, type, roots, new TreeSet<>(List.of(options.split(" ", -1))), mayBeAbsent);
    }

    private void add(Mask mask) {
        String path = mask.path();
        boolean absent = mask.mayBeAbsent();
        switch (mask.cover()) {
            case NULL -> mounts.add(mount(path, "tmpfs", List.of("/null"), "nosuid noexec", absent));
            case EMPTY -> mounts.add(mount(path, "tmpfs", List.of("/empty"), "ro nosuid nodev noexec", absent));
            case HIDDEN -> mounts.add(mount(path, "tmpfs", List.of("/null", "/empty"), "nosuid noexec", absent));
            case READ_ONLY -> mounts.add(mount(path, "", List.of(), readOnlyPath, absent));
            case PINNED -> mounts.add(mount(path, "", List.of(), "nosuid nodev", absent));
            case FROZEN -> mounts.replaceAll(mount -> mount.point().equals(path) ? mount.with("ro") : mount);
        }
    }
}
