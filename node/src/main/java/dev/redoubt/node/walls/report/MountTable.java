package dev.redoubt.node.walls.report;

import dev.redoubt.linux.MountInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The mounts that a sandbox has against those that it should have. */
final class MountTable {
    private static final List<String> OPTIONS = List.of("ro", "nosuid", "nodev", "noexec");

    private final List<Finding> findings = new ArrayList<>();
    private final Map<String, List<MountInfo>> found;

    private MountTable(List<MountInfo> mounts) {
        this.found =
                mounts.stream().collect(Collectors.groupingBy(MountInfo::point, HashMap::new, Collectors.toList()));
    }

    /**
     * Compares.
     *
     * @param isThere whether there is something at a path where no mount is
     */
    static List<Finding> compared(List<Asked.Mount> asked, List<MountInfo> mounts, Predicate<String> isThere) {
        MountTable table = new MountTable(mounts);
        asked.forEach(mount -> table.find(mount, isThere));
        table.findMore(asked);
        return List.copyOf(table.findings);
    }

    private void find(Asked.Mount asked, Predicate<String> isThere) {
        List<MountInfo> here = found.getOrDefault(asked.point(), List.of()).stream()
                .filter(mount -> isOf(mount, asked))
                .toList();
        if (here.isEmpty()) {
            if (!asked.mayBeAbsent() || isThere.test(asked.point())) {
                add(asked.point(), words(asked), "no such mount", Verdict.MISSING);
            }
            return;
        }
        boolean holds = here.stream().anyMatch(mount -> mount.options().containsAll(asked.options()));
        add(asked.point(), words(asked), words(here.getLast()), holds ? Verdict.AS_ASKED : Verdict.WEAKER);
    }

    private static boolean isOf(MountInfo mount, Asked.Mount asked) {
        return (asked.type().isEmpty() || asked.type().equals(mount.type()))
                && (asked.roots().isEmpty() || asked.roots().contains(mount.root()));
    }

    /**
     * What nobody asked for. A mount may be there twice, where the tree above it was cloned with it; then it is the same
     * directory of the same file system with the same options, and uncovers nothing.
     */
    private void findMore(List<Asked.Mount> asked) {
        Map<String, List<Asked.Mount>> wanted = asked.stream().collect(Collectors.groupingBy(Asked.Mount::point));
        found.forEach((point, mounts) -> {
            List<Asked.Mount> here = wanted.getOrDefault(point, List.of());
            for (MountInfo mount : mounts) {
                if (here.stream()
                                .noneMatch(one ->
                                        isOf(mount, one) && mount.options().containsAll(one.options()))
                        || isSecondOfItsOwn(mount, mounts, here.size())) {
                    add(point, here.isEmpty() ? "no mount" : words(here.getFirst()), words(mount), Verdict.WEAKER);
                }
                if (!mount.propagation().isEmpty()) {
                    add(point, "private", "propagates: " + String.join(" ", mount.propagation()), Verdict.WEAKER);
                }
            }
        });
    }

    /** More mounts than were asked for, and this one no clone of an earlier one. */
    private static boolean isSecondOfItsOwn(MountInfo mount, List<MountInfo> mounts, int asked) {
        int at = mounts.indexOf(mount);
        return at >= asked
                && mounts.subList(0, at).stream()
                        .noneMatch(earlier -> earlier.device().equals(mount.device())
                                && earlier.root().equals(mount.root()));
    }

    private void add(String point, String asked, String found, Verdict verdict) {
        findings.add(new Finding("sandbox", "mount on " + point, asked, found, verdict, Proof.READ));
    }

    private static String words(Asked.Mount mount) {
        String type = mount.type().isEmpty() ? "any" : mount.type();
        String roots = mount.roots().isEmpty() ? "" : " " + String.join(" or ", mount.roots());
        return type + roots + ", " + String.join(" ", mount.options());
    }

    private static String words(MountInfo mount) {
        String options = OPTIONS.stream().filter(mount.options()::contains).collect(Collectors.joining(" "));
        return mount.type() + " " + mount.root() + (options.isEmpty() ? "" : ", " + options);
    }
}
