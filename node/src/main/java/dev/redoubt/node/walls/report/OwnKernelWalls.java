package dev.redoubt.node.walls.report;

import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What this host's kernel holds a sandbox of the class gvisor with: runsc's processes, which are all that there is of it here.
 *
 * <p>Users, capabilities, mounts and files inside are another kernel's and not to be seen from here, so there is no word of them.
 * What runsc's processes look like is runsc's own choice, and another release's may be another one: asked is only what must hold
 * whatever it chooses.
 */
final class OwnKernelWalls {
    /** What runsc's kernel is called in findings: the process that the spawner keeps. */
    private static final String KERNEL = "runsc";

    /** The other two are the host's while runsc's kernel traces its processes (its platform ptrace). */
    private static final List<String> ITS_OWN = List.of("user", "mnt", "net", "ipc", "uts");

    /** A user of the host who owns nothing; runsc's kernel runs as him. */
    private static final String NOBODY = "host:65534";

    private static final Set<String> NOTHING_OF_THE_HOST = Set.of("tmpfs", "proc");

    private OwnKernelWalls() {}

    /** What one kind of process is held with; {@code rest} adds what is asked of every process of every driver. */
    static void ofProcesses(Sections sections, ProcessTable table, Each rest) {
        Namespaces host = Namespaces.of("self");
        ofOne(sections, KERNEL, table.guest(), host, rest);
        table.groups().forEach((facts, of) -> ofOne(sections, of, facts, host, rest));
    }

    /** Something more to be said of each. */
    interface Each {
        void add(Sections sections, String of, ProcessFacts facts);
    }

    private static void ofOne(Sections sections, String of, ProcessFacts facts, Namespaces host, Each rest) {
        List<String> shared = new ArrayList<>(facts.namespaces().sharedWith(host));
        List<String> own =
                ITS_OWN.stream().filter(kind -> !shared.contains(kind)).toList();
        sections.read(
                Wall.NAMESPACES,
                of,
                "namespaces",
                "its own " + String.join(" ", ITS_OWN),
                "its own " + String.join(" ", own)
                        + (shared.isEmpty() ? "" : ", the host's " + String.join(" ", shared)),
                own.equals(ITS_OWN),
                Verdict.MISSING);
        sections.read(
                Wall.IDS,
                of,
                "user and group",
                "nobody's, or of the sandbox's range",
                facts.uid() + " and " + facts.gid(),
                isNobodyOrInside(facts),
                Verdict.MISSING);
        sections.read(
                Wall.CAPABILITIES,
                of,
                "effective",
                "over its own user namespace alone",
                Asked.words(facts.effective()) + (shared.contains("user") ? ", over the host" : ""),
                facts.effective() == 0 || !shared.contains("user"),
                Verdict.MISSING);
        rest.add(sections, of, facts);
    }

    private static boolean isNobodyOrInside(ProcessFacts facts) {
        return facts.isInside() || (facts.uid().equals(NOBODY) && facts.gid().equals(NOBODY));
    }

    /** The file tree in which runsc's kernel runs: whoever breaks out of it finds nothing there. */
    static void ofFileTree(Sections sections, int kernel) {
        sections.attempt(Wall.MOUNTS, KERNEL, "file tree", "nothing of the host's", () -> {
            List<MountInfo> mounts = MountInfo.of(kernel);
            String found = mounts.stream()
                    .map(mount -> mount.type() + " on " + mount.point()
                            + (mount.options().contains("ro") ? ", ro" : ""))
                    .collect(Collectors.joining("; "));
            sections.read(
                    Wall.MOUNTS,
                    KERNEL,
                    "file tree",
                    "nothing of the host's",
                    found,
                    mounts.stream().allMatch(mount -> NOTHING_OF_THE_HOST.contains(mount.type())));
            sections.summary(Wall.MOUNTS, "runsc sees " + found + "; what is mounted inside its own kernel knows");
        });
        sections.attempt(
                Wall.RLIMITS,
                KERNEL,
                "oom_score_adj",
                "0 or more",
                () -> Integer.valueOf(LinuxFiles.readOnce("/proc/" + kernel + "/oom_score_adj")),
                value -> value >= 0);
    }

    static void summarise(Sections sections, ProcessTable table) {
        sections.summary(
                Wall.NAMESPACES,
                "of runsc's " + table.count() + (table.count() == 1 ? " process" : " processes") + " on this host");
        sections.summary(Wall.IDS, "of runsc's processes; users inside its own kernel knows");
        sections.summary(Wall.CAPABILITIES, "of runsc's processes; those inside its own kernel knows");
        sections.summary(Wall.SYSCALLS, "runsc's own filter, whose bytes only runsc knows");
        sections.summary(Wall.RLIMITS, "none is asked of runsc's processes");
    }
}
