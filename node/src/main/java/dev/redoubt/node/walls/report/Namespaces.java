package dev.redoubt.node.walls.report;

import dev.redoubt.linux.LinuxFiles;
import java.util.ArrayList;
import java.util.List;

/** The numbers of a process's namespaces (namespaces(7)), in the order of {@link #KINDS}. */
record Namespaces(List<Long> numbers) {
    /** The seven of a sandbox; clocks are not divided. */
    static final List<String> KINDS = List.of("user", "pid", "mnt", "net", "ipc", "uts", "cgroup");

    /** @throws dev.redoubt.linux.LinuxException when there is no such process */
    static Namespaces of(String process) {
        List<Long> numbers = new ArrayList<>(KINDS.size());
        for (String kind : KINDS) {
            numbers.add(
                    LinuxFiles.status("/proc/" + process + "/ns/" + kind, true).inode());
        }
        return new Namespaces(List.copyOf(numbers));
    }

    /** As the links of /proc say it. */
    String name(String kind) {
        return kind + ":[" + numbers.get(KINDS.indexOf(kind)) + "]";
    }

    /** Kinds of which these two are the same. */
    List<String> sharedWith(Namespaces other) {
        return KINDS.stream()
                .filter(kind -> name(kind).equals(other.name(kind)))
                .toList();
    }
}
