package dev.redoubt.node.walls.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Namespaces of a process as namespaces(7) names them, in the order of {@link #KINDS}. */
record Namespaces(List<String> names) {
    /** The seven of a sandbox; clocks are not divided. */
    static final List<String> KINDS = List.of("user", "pid", "mnt", "net", "ipc", "uts", "cgroup");

    /** @throws UncheckedIOException when there is no such process */
    static Namespaces of(String process) {
        List<String> names = new ArrayList<>();
        try {
            for (String kind : KINDS) {
                names.add(
                        Files.readSymbolicLink(Path.of("/proc", process, "ns", kind)).toString());
            }
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
        return new Namespaces(List.copyOf(names));
    }

    /** Kinds of which these two are the same. */
    List<String> sharedWith(Namespaces other) {
        return KINDS.stream()
                .filter(kind -> names.get(KINDS.indexOf(kind)).equals(other.names.get(KINDS.indexOf(kind))))
                .toList();
    }
}
