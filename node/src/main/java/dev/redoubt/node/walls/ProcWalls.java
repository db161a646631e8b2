package dev.redoubt.node.walls;

import dev.redoubt.node.launch.LaunchSpec.Cover;
import dev.redoubt.node.launch.LaunchSpec.Mask;
import dev.redoubt.node.launch.LaunchSpec.SynthesisedFile;
import dev.redoubt.node.launch.SlotPlan;
import dev.redoubt.protocol.Limits;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What covers /proc inside a sandbox. */
public final class ProcWalls {
    private static final Set<String> LISTED =
            ProcList.ENTRIES.stream().map(ProcEntry::name).collect(Collectors.toUnmodifiableSet());

    private static final List<Mask> MASKS =
            ProcList.ENTRIES.stream().flatMap(ProcWalls::mask).toList();

    /** Paths of {@link #files} and, after them, of {@link #filesOfOne}. */
    public static final List<String> FILES = Stream.of(
                    "meminfo",
                    "vmstat",
                    "cpuinfo",
                    "stat",
                    "loadavg",
                    "filesystems",
                    "swaps",
                    "uptime",
                    "sys/kernel/random/boot_id")
            .map(name -> "/proc/" + name)
            .toList();

    private ProcWalls() {}

    /** All of it that a slot can have before anybody knows what will run in it: the covers, and places for the files. */
    public static SlotPlan plan(HostFacts host) {
        return new SlotPlan(masks(host), FILES);
    }

    /**
     * The masks, in the order in which they must be placed. A name that the host's kernel has and the list does not
     * know is covered: default deny, for kernels and modules newer than the list.
     */
    public static List<Mask> masks(HostFacts host) {
        List<Mask> masks = new ArrayList<>(MASKS);
        unlisted(host.procFiles()).forEach(name -> masks.add(new Mask("/proc/" + name, Cover.NULL, true)));
        unlisted(host.procDirectories()).forEach(name -> masks.add(new Mask("/proc/" + name, Cover.EMPTY, true)));
        return List.copyOf(masks);
    }

    private static Stream<Mask> mask(ProcEntry entry) {
        return switch (entry.treatment()) {
            case NULL -> Stream.of(new Mask(entry.path(), Cover.NULL, entry.mayBeAbsent()));
            case EMPTY -> Stream.of(new Mask(entry.path(), Cover.EMPTY, entry.mayBeAbsent()));
            case READ_ONLY -> Stream.of(new Mask(entry.path(), Cover.READ_ONLY, entry.mayBeAbsent()));
            case VISIBLE, SYNTHESISED -> Stream.empty();
        };
    }

    /** Names of the host's /proc that nobody has judged yet. */
    static Set<String> unlisted(Set<String> names) {
        return names.stream().filter(name -> !LISTED.contains(name)).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * The files that stand in for the kernel's and are the same in every sandbox of these limits. To be placed after the
     * masks, because one lies beneath a read-only bind that would cover it.
     */
    public static List<SynthesisedFile> files(HostFacts host, Limits limits) {
        int processors = ProcFiles.processors(limits.cpus(), host.processors());
        return List.of(
                file("meminfo", ProcFiles.meminfo(limits.memory())),
                file("vmstat", ProcFiles.vmstat(limits.memory())),
                file("cpuinfo", ProcFiles.cpuinfo(processors, host.processors().getFirst())),
                file("stat", ProcFiles.stat(processors, host.bootTime())),
                file("loadavg", ProcFiles.loadavg()),
                file("filesystems", ProcFiles.filesystems()),
                file("swaps", ProcFiles.swaps()));
    }

    /**
     * Those that no other sandbox has.
     *
     * @param bootId what the sandbox reads as its boot id; random, and the same for its whole life
     */
    public static List<SynthesisedFile> filesOfOne(HostFacts host, Instant now, UUID bootId) {
        return List.of(
                file("uptime", ProcFiles.uptime(Duration.between(host.bootTime(), now))),
                file("sys/kernel/random/boot_id", bootId + "\n"));
    }

    private static SynthesisedFile file(String name, String content) {
        return new SynthesisedFile("/proc/" + name, content.getBytes(StandardCharsets.US_ASCII));
    }
}
