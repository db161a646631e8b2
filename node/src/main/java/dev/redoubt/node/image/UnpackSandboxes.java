package dev.redoubt.node.image;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.MountTree;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.guest.Bytes;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.Work;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.label.LabelException;
import dev.redoubt.node.landlock.LandlockRules;
import dev.redoubt.node.launch.LaunchException;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.LaunchSpec.Bind;
import dev.redoubt.node.launch.LaunchSpec.Owners;
import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.node.walls.HostFacts;
import dev.redoubt.node.walls.MissingWallException;
import dev.redoubt.node.walls.ProcWalls;
import dev.redoubt.node.walls.ResourceLimits;
import dev.redoubt.node.walls.Securebits;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.InsideIds;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sandboxes in which strangers' archives are taken apart: all five walls, and inside them a JVM with the JDK, our
 * classes, the host's libraries (all read-only) and, when it unpacks, the one directory that it writes to.
 *
 * <p>That directory is an idmapped mount, so what the sandbox's root writes belongs to id 0 on the disk. Root has four
 * capabilities, in the sandbox's own user namespace, while it unpacks and none while it decompresses.
 *
 * @param node builds a sandbox, or throws what it could not build
 * @param program what runs inside
 * @param patience how long the program may let us wait; see {@link Patience}
 */
record UnpackSandboxes(Function<BareSandbox.Order, BareSandbox> node, UnpackProgram program, Duration patience) {
    static final Duration PATIENCE = Duration.ofMinutes(2);

    /**
     * Half of the memory for Java's heap and its own needs, half for the window of a zstd archive (128 MiB at most) and
     * files that are not on the disk yet. A JVM has about twenty threads.
     */
    static final Limits LIMITS =
            Limits.DEFAULT.withMemory(Size.ofMib(512)).withCpus(new Cpus(2000)).withPids(64);

    private static final List<String> LIBRARIES = List.of("usr/lib", "usr/lib64", "lib", "lib64");
    private static final String JDK = "/jdk";
    private static final String CLASSES = "/app";
    private static final String TARGET = "/target";
    private static final String SCRATCH = "/tmp";
    private static final Size SCRATCH_SIZE = Size.ofMib(32);
    private static final int SCRATCH_FILES = 100;
    private static final int ROOT_FILES = 100;
    private static final int RLIMIT_FSIZE = 1;

    /** To give files their owners and modes, and to go on writing below them. */
    private static final Set<Capability> UNPACKING =
            EnumSet.of(Capability.CHOWN, Capability.DAC_OVERRIDE, Capability.FOWNER, Capability.FSETID);

    /** Of a node, with our own program. */
    static UnpackSandboxes of(Function<BareSandbox.Order, BareSandbox> node) {
        return new UnpackSandboxes(node, UnpackProgram.unpacker(), PATIENCE);
    }

    /**
     * Starts the program in a new sandbox.
     *
     * @param skeleton an empty directory; what it is given shows as the sandbox's root
     * @param target where it may write; null when it has nothing to write
     * @param largest bytes of the largest file that it may write
     * @throws ImageException when a wall cannot be built
     */
    UnpackSandbox start(Path skeleton, @Nullable Path target, List<String> arguments, long largest) {
        try {
            BareSandbox sandbox = build(skeleton, Optional.ofNullable(target));
            return UnpackSandbox.run(sandbox, request(target != null, arguments, largest));
        } catch (LaunchException
                | CgroupException
                | MissingWallException
                | LabelException
                | LinuxException
                | IOException failed) {
            throw new ImageException(
                    Reason.UNPACK_FAILED, "cannot build the unpacking sandbox: " + failed.getMessage(), failed);
        } catch (Problem failed) {
            Reason reason = failed.code() == ProblemCode.STORAGE_FULL ? Reason.STORAGE_FULL : Reason.UNPACK_FAILED;
            throw new ImageException(reason, "cannot build the unpacking sandbox: " + failed.getMessage(), failed);
        }
    }

    private BareSandbox build(Path skeleton, Optional<Path> target) throws IOException {
        List<Fd> mounts = new ArrayList<>();
        try {
            mounts.add(MountTree.cloneOf(skeleton.toString()));
            List<Bind> binds = new ArrayList<>();
            List<String> programs = new ArrayList<>(List.of(JDK, CLASSES));
            for (String name : LIBRARIES) {
                Path source = Path.of("/", name);
                if (isReached(source, skeleton.resolve(name))) {
                    // As nobody's: what only the host's root may read is not for whoever reads an archive
                    show(source, "/" + name, new Owners.Nobody(), mounts, binds);
                    programs.add("/" + name);
                }
            }
            show(Path.of(System.getProperty("java.home")), JDK, new Owners.Range(), mounts, binds);
            for (int at = 0; at < program.classPath().size(); at++) {
                show(program.classPath().get(at), inside(at), new Owners.Range(), mounts, binds);
            }
            if (target.isPresent()) {
                binds.add(new Bind(mounts.size(), false, new Owners.Range(), TARGET));
                mounts.add(MountTree.cloneOf(target.get().toString()));
            }
            HostFacts host = HostFacts.read();
            LaunchSpec spec = spec(host, binds, programs, target.isPresent());
            return node.apply(new BareSandbox.Order(LIMITS, ProcWalls.plan(host), spec, mounts));
        } finally {
            mounts.forEach(Fd::close);
        }
    }

    /** Whether there is a directory to be shown; a link, as /lib is one on most hosts, is made again in the skeleton. */
    private static boolean isReached(Path source, Path place) throws IOException {
        if (Files.isSymbolicLink(source) && Files.notExists(place, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(place.getParent());
            Files.createSymbolicLink(place, Files.readSymbolicLink(source));
        }
        return !Files.isSymbolicLink(source) && Files.isDirectory(source);
    }

    private static void show(Path source, String path, Owners owners, List<Fd> mounts, List<Bind> binds) {
        binds.add(new Bind(mounts.size(), true, owners, path));
        mounts.add(MountTree.cloneOf(source.toString()));
    }

    private String inside(int at) {
        return CLASSES + "/" + at + (Files.isDirectory(program.classPath().get(at)) ? "" : ".jar");
    }

    private static LaunchSpec spec(HostFacts host, List<Bind> binds, List<String> programs, boolean unpacks) {
        long capabilities = unpacks ? Capability.mask(Capability.ofGuest(UNPACKING)) : 0;
        int guest = unpacks ? InsideIds.GUEST : 0;
        List<LaunchSpec.SynthesisedFile> files = new ArrayList<>(ProcWalls.files(host, LIMITS));
        files.addAll(ProcWalls.filesOfOne(host, Instant.now(), UUID.randomUUID()));
        return new LaunchSpec(
                LaunchSpec.READ_ONLY,
                guest,
                guest,
                capabilities,
                capabilities,
                Securebits.of(unpacks ? Profile.DEFAULT : Profile.NOTHING),
                1,
                new LaunchSpec.Upper.Memory(Size.ofMib(1).bytes(), ROOT_FILES),
                "unpack",
                List.of(new LaunchSpec.Tmpfs(SCRATCH, SCRATCH_SIZE.bytes(), SCRATCH_FILES, 01777)),
                binds,
                files,
                List.of(), // in the slot's plan
                ResourceLimits.ofGuest(),
                LandlockRules.forUnpacking(
                        host.landlockAbi(), programs, unpacks ? Optional.of(TARGET) : Optional.empty(), SCRATCH),
                new LaunchSpec.Filter(Filter.forUnpacking().bytes()),
                List.of("redoubt-guest"),
                LaunchSpec.Label.NONE); // whoever launches it knows the host's
    }

    private RunRequest request(boolean unpacks, List<String> arguments, long largest) {
        long capabilities = Capability.mask(UNPACKING);
        RunRequest request = RunRequest.of(
                        new Work.Exec(command(arguments).stream().map(Bytes::of).toList()))
                .withLimits(List.of(new RunRequest.Limit(RLIMIT_FSIZE, largest, largest)));
        return unpacks
                ? request.withUser("0:0").withDirectory(TARGET).withCapabilities(capabilities, capabilities)
                : request.withDirectory(SCRATCH);
    }

    private List<String> command(List<String> arguments) {
        List<String> classPath = new ArrayList<>();
        for (int at = 0; at < program.classPath().size(); at++) {
            classPath.add(inside(at));
        }
        List<String> command = new ArrayList<>(List.of(JDK + "/bin/java"));
        command.addAll(List.of("-XX:+UseSerialGC", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
        // There is no control group to be seen inside, so there is nothing to look for.
        command.addAll(List.of("-XX:-UseContainerSupport", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(List.of("-Djava.io.tmpdir=" + SCRATCH, "-XX:ErrorFile=" + SCRATCH + "/error.log"));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", String.join(":", classPath)));
        command.add(program.main().getName());
        command.addAll(arguments);
        return command;
    }
}
