package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** The directory of one sandbox in the version 2 tree. */
final class SandboxCgroupV2 implements SandboxCgroup {
    private static final String MAX = "max";
    private static final int PERIOD_MICROS = 100_000;
    private static final int MICROS_PER_MILLI_CPU = PERIOD_MICROS / 1000;

    private final String name;
    private final GroupDirectory directory;
    private final Map<Controller, Gap> missing;
    private boolean ioUntouched;

    SandboxCgroupV2(String name, GroupDirectory directory, Map<Controller, Gap> missing, boolean fresh) {
        this.name = name;
        this.directory = directory;
        this.missing = missing;
        this.ioUntouched = fresh;
    }

    @Override
    public String name() {
        return name;
    }

    private GroupDirectory with(Controller controller) {
        Gap gap = missing.get(controller);
        if (gap != null) {
            throw new CgroupException(gap);
        }
        return directory;
    }

    @Override
    public List<Fd> joinDescriptors() {
        return Step.read(
                "opening group " + name,
                () -> List.of(LinuxFiles.open(directory.path(), LinuxFiles.O_PATH | LinuxFiles.O_DIRECTORY)));
    }

    @Override
    public void join(int pid) {
        Step.run(
                "moving process " + pid + " into group " + name,
                () -> directory.write("cgroup.procs", Integer.toString(pid)));
    }

    @Override
    public void apply(Limits limits, List<Device> devices) {
        Step.run("limiting memory", () -> limitMemory(limits.memory()));
        Step.run(
                "limiting processor time",
                () -> with(Controller.CPU)
                        .write("cpu.max", limits.cpus().millis() * MICROS_PER_MILLI_CPU + " " + PERIOD_MICROS));
        Step.run("limiting processes", () -> with(Controller.PIDS).write("pids.max", Integer.toString(limits.pids())));
        Step.run("limiting i/o", () -> limitIo(limits.io(), devices));
    }

    /**
     * No swap at all: version 2 counts it apart, and zero is the one value that keeps memory and swap together at the
     * limit. {@code memory.oom.group} stays 0: the job that grew is killed, and the guest lives to say so.
     */
    private void limitMemory(Size size) {
        GroupDirectory memory = with(Controller.MEMORY);
        if (Swap.kernelHasIt()) {
            memory.write("memory.swap.max", "0");
        }
        memory.write("memory.max", Long.toString(size.bytes()));
    }

    private void limitIo(IoLimits io, List<Device> devices) {
        if (io.isNone() && ioUntouched) {
            return;
        }
        if (devices.isEmpty()) {
            throw new CgroupException("an i/o limit needs a disk to count for");
        }
        ioUntouched = false;
        for (Device device : devices) {
            with(Controller.IO)
                    .write(
                            "io.max",
                            device + " rbps=" + text(io.readBps()) + " wbps=" + text(io.writeBps()) + " riops="
                                    + text(io.readIops()) + " wiops=" + text(io.writeIops()));
        }
    }

    private static String text(OptionalLong limit) {
        return limit.isPresent() ? Long.toString(limit.getAsLong()) : MAX;
    }

    @Override
    public HeldLimits readBack() {
        return Step.read("reading limits", () -> {
            Optional<Size> memory =
                    number(with(Controller.MEMORY).read("memory.max")).map(Size::ofBytes);
            return new HeldLimits(memory, memoryAndSwap(memory), cpus(), pids(), io());
        });
    }

    private Optional<Size> memoryAndSwap(Optional<Size> memory) {
        Optional<Long> swap = Swap.kernelHasIt() ? number(directory.read("memory.swap.max")) : Optional.of(0L);
        return memory.flatMap(most -> swap.map(more -> Size.ofBytes(Math.addExact(most.bytes(), more))));
    }

    private static Optional<Long> number(String text) {
        return text.equals(MAX) ? Optional.empty() : Optional.of(Long.valueOf(text));
    }

    private Optional<Cpus> cpus() {
        String[] quotaAndPeriod = with(Controller.CPU).read("cpu.max").split(" ", -1);
        return number(quotaAndPeriod[0]).map(quota -> new Cpus(Math.toIntExact(quota / MICROS_PER_MILLI_CPU)));
    }

    private OptionalInt pids() {
        return number(with(Controller.PIDS).read("pids.max"))
                .map(most -> OptionalInt.of(Math.toIntExact(most)))
                .orElse(OptionalInt.empty());
    }

    private Map<Device, IoLimits> io() {
        return directory.readIfThere("io.max").map(IoMaxFile::parse).orElse(Map.of());
    }

    @Override
    public Set<Integer> members() {
        return Step.read("listing group " + name, directory::members);
    }

    @Override
    public List<String> notIn(String membership) {
        boolean in = membership.lines().anyMatch(line -> line.startsWith("0::") && line.endsWith(directory.own()));
        return in ? List.of() : List.of("unified");
    }

    @Override
    public boolean isFrozen() {
        return Step.read("reading cgroup.freeze", () -> directory.readIfThere("cgroup.freeze"))
                .orElse("0")
                .equals("1");
    }

    @Override
    public long oomKills() {
        return Step.read("reading memory.events", () -> with(Controller.MEMORY).entry("memory.events", "oom_kill"));
    }

    @Override
    public Usage usage() {
        return Step.read(
                "reading usage",
                () -> new Usage(
                        Size.ofBytes(with(Controller.MEMORY).number("memory.current")),
                        Size.ofBytes(with(Controller.MEMORY).number("memory.peak")),
                        Duration.ofNanos(Math.multiplyExact(directory.entry("cpu.stat", "usage_usec"), 1000L)),
                        Math.toIntExact(with(Controller.PIDS).number("pids.current")),
                        with(Controller.MEMORY).entry("memory.events", "oom_kill")));
    }

    @Override
    public void freeze() {
        setFrozen("freezing", 1);
    }

    @Override
    public void thaw() {
        setFrozen("thawing", 0);
    }

    private void setFrozen(String step, int value) {
        Step.run(step, () -> directory.write("cgroup.freeze", Integer.toString(value)));
        Waiting.until(step + " group " + name, () -> directory.entry("cgroup.events", "frozen") == value);
    }

    /** The kernel kills all of it at once, those frozen and those just being born (cgroups(7), cgroup.kill). */
    @Override
    public void kill() {
        Step.run("killing group " + name, () -> {
            if (directory.readIfThere("cgroup.events").isPresent()) {
                directory.write("cgroup.kill", "1");
            }
        });
        Waiting.until("killing group " + name, () -> !populated());
    }

    private boolean populated() {
        return directory
                .readIfThere("cgroup.events")
                .map(events -> events.lines().anyMatch("populated 1"::equals))
                .orElse(false);
    }

    @Override
    public void remove() {
        directory.remove();
    }
}
