package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** The directories of one sandbox in every version 1 hierarchy. */
final class SandboxCgroupV1 implements SandboxCgroup {
    private static final String MEMORY_LIMIT = "memory.limit_in_bytes";
    private static final String MEMORY_AND_SWAP_LIMIT = "memory.memsw.limit_in_bytes";
    private static final String QUOTA = "cpu.cfs_quota_us";
    private static final String PROCS = "cgroup.procs";
    private static final int MICROS_PER_MILLI_CPU = 100; // of the kernel's default period of 100 ms

    /** "No limit" is the highest multiple of a page, which differs between kernels; nobody means more than 2^62. */
    private static final long UNLIMITED = 1L << 62;

    private final String name;
    private final Map<Controller, GroupDirectory> directories;
    private boolean ioUntouched;

    SandboxCgroupV1(String name, Map<Controller, GroupDirectory> directories, boolean fresh) {
        this.name = name;
        this.directories = directories;
        this.ioUntouched = fresh;
    }

    @Override
    public String name() {
        return name;
    }

    /** Each once, though several controllers may share one. */
    List<GroupDirectory> directories() {
        return directories.values().stream().distinct().toList();
    }

    private GroupDirectory in(Controller controller) {
        GroupDirectory directory = directories.get(controller);
        if (directory == null) {
            throw new CgroupException(CgroupsV1.gap(controller));
        }
        return directory;
    }

    @Override
    public List<Fd> joinDescriptors() {
        List<Fd> descriptors = new ArrayList<>();
        try {
            for (GroupDirectory directory : directories()) {
                descriptors.add(directory.open(PROCS, LinuxFiles.O_WRONLY));
            }
        } catch (LinuxException refused) {
            descriptors.forEach(Fd::close);
            throw new CgroupException("opening group " + name, refused);
        }
        return List.copyOf(descriptors);
    }

    @Override
    public void join(int pid) {
        Step.run(
                "moving process " + pid + " into group " + name,
                () -> directories().forEach(directory -> directory.write(PROCS, Integer.toString(pid))));
    }

    @Override
    public void apply(Limits limits, List<Device> devices) {
        Step.run("limiting memory", () -> limitMemory(limits.memory()));
        Step.run(
                "limiting processor time",
                () -> in(Controller.CPU)
                        .write(QUOTA, Integer.toString(limits.cpus().millis() * MICROS_PER_MILLI_CPU)));
        Step.run("limiting processes", () -> in(Controller.PIDS).write("pids.max", Integer.toString(limits.pids())));
        Step.run("limiting i/o", () -> limitIo(limits.io(), devices));
    }

    /**
     * Memory alone may never be more than memory and swap together, at no moment: going down, memory goes first; going up,
     * the sum does. The kernel says EINVAL when it is the wrong way round.
     */
    private void limitMemory(Size size) {
        GroupDirectory memory = in(Controller.MEMORY);
        String bytes = Long.toString(size.bytes());
        try {
            memory.write(MEMORY_LIMIT, bytes);
            limitSwap(memory, bytes);
        } catch (LinuxException refused) {
            if (refused.errno() != Errno.EINVAL) {
                throw refused;
            }
            limitSwap(memory, bytes);
            memory.write(MEMORY_LIMIT, bytes);
        }
    }

    private static void limitSwap(GroupDirectory memory, String bytes) {
        if (Swap.kernelHasIt()) {
            memory.write(MEMORY_AND_SWAP_LIMIT, bytes);
        }
    }

    /** 0 takes a limit away; a new group has none to take away. */
    private void limitIo(IoLimits io, List<Device> devices) {
        if (io.isNone() && ioUntouched) {
            return;
        }
        if (devices.isEmpty()) {
            throw new CgroupException("an i/o limit needs a disk to count for");
        }
        ioUntouched = false;
        GroupDirectory blkio = in(Controller.IO);
        for (Device device : devices) {
            blkio.write(
                    "blkio.throttle.read_bps_device",
                    device + " " + io.readBps().orElse(0));
            blkio.write(
                    "blkio.throttle.write_bps_device",
                    device + " " + io.writeBps().orElse(0));
            blkio.write(
                    "blkio.throttle.read_iops_device",
                    device + " " + io.readIops().orElse(0));
            blkio.write(
                    "blkio.throttle.write_iops_device",
                    device + " " + io.writeIops().orElse(0));
        }
    }

    @Override
    public HeldLimits readBack() {
        return Step.read(
                "reading limits",
                () -> new HeldLimits(
                        limit(in(Controller.MEMORY), MEMORY_LIMIT),
                        Swap.kernelHasIt()
                                ? limit(in(Controller.MEMORY), MEMORY_AND_SWAP_LIMIT)
                                : limit(in(Controller.MEMORY), MEMORY_LIMIT),
                        cpus(),
                        pids(),
                        io()));
    }

    private static Optional<Size> limit(GroupDirectory memory, String file) {
        long bytes = memory.number(file);
        return bytes > UNLIMITED ? Optional.empty() : Optional.of(Size.ofBytes(bytes));
    }

    private Optional<Cpus> cpus() {
        long quota = in(Controller.CPU).number(QUOTA);
        return quota < 0 ? Optional.empty() : Optional.of(new Cpus(Math.toIntExact(quota / MICROS_PER_MILLI_CPU)));
    }

    private OptionalInt pids() {
        String most = in(Controller.PIDS).read("pids.max");
        return most.equals("max") ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(most));
    }

    private Map<Device, IoLimits> io() {
        GroupDirectory blkio = directories.get(Controller.IO);
        return blkio == null || ioUntouched ? Map.of() : ThrottleFiles.read(blkio);
    }

    @Override
    public Set<Integer> members() {
        return Step.read("listing group " + name, () -> {
            Set<Integer> all = new HashSet<>();
            directories().forEach(directory -> all.addAll(directory.members()));
            return all;
        });
    }

    @Override
    public List<String> notIn(String membership) {
        List<String> missing = new ArrayList<>();
        directories.forEach((controller, directory) -> {
            if (membership.lines().noneMatch(line -> isOf(line, controller) && line.endsWith(directory.own()))) {
                missing.add(controller.v1());
            }
        });
        return List.copyOf(missing);
    }

    /** {@code 2:cpu,cpuacct:/path}. */
    private static boolean isOf(String line, Controller controller) {
        String[] fields = line.split(":", 3);
        return fields.length == 3 && List.of(fields[1].split(",", -1)).contains(controller.v1());
    }

    @Override
    public boolean isFrozen() {
        GroupDirectory freezer = directories.get(Controller.FREEZER);
        return freezer != null
                && !Step.read("reading freezer.state", () -> freezer.readIfThere("freezer.state"))
                        .orElse("THAWED")
                        .equals("THAWED");
    }

    @Override
    public long oomKills() {
        return Step.read(
                "reading memory.oom_control", () -> in(Controller.MEMORY).entry("memory.oom_control", "oom_kill"));
    }

    @Override
    public Usage usage() {
        return Step.read(
                "reading usage",
                () -> new Usage(
                        Size.ofBytes(in(Controller.MEMORY).number("memory.usage_in_bytes")),
                        Size.ofBytes(in(Controller.MEMORY).number("memory.max_usage_in_bytes")),
                        Duration.ofNanos(in(Controller.CPU_TIME).number("cpuacct.usage")),
                        Math.toIntExact(in(Controller.PIDS).number("pids.current")),
                        in(Controller.MEMORY).entry("memory.oom_control", "oom_kill")));
    }

    @Override
    public void freeze() {
        Step.run("freezing", () -> in(Controller.FREEZER).write("freezer.state", "FROZEN"));
        Waiting.until(
                "freezing group " + name,
                () -> in(Controller.FREEZER).read("freezer.state").equals("FROZEN"));
    }

    @Override
    public void thaw() {
        Step.run("thawing", () -> in(Controller.FREEZER).write("freezer.state", "THAWED"));
        Waiting.until(
                "thawing group " + name,
                () -> in(Controller.FREEZER).read("freezer.state").equals("THAWED"));
    }

    /**
     * No process may be born any more (limit 0 refuses fork and changes nothing for those alive), then all are killed until
     * none is seen. One that is frozen dies when it is thawed: it is killed before, so that it runs not one step more.
     */
    @Override
    public void kill() {
        Step.run("killing group " + name, () -> {
            writeIfThere(Controller.PIDS, "pids.max", "0");
            directories().forEach(GroupDirectory::killMembers);
            writeIfThere(Controller.FREEZER, "freezer.state", "THAWED");
            Waiting.until("killing group " + name, this::killedAll);
        });
    }

    private boolean killedAll() {
        boolean any = false;
        for (GroupDirectory directory : directories()) {
            any |= directory.killMembers();
        }
        return !any;
    }

    private void writeIfThere(Controller controller, String file, String value) {
        GroupDirectory directory = directories.get(controller);
        if (directory != null && directory.readIfThere(file).isPresent()) {
            directory.write(file, value);
        }
    }

    @Override
    public void remove() {
        directories().forEach(GroupDirectory::remove);
    }
}
