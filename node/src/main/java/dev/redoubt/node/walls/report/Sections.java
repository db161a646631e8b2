package dev.redoubt.node.walls.report;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.cgroup.CgroupException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The findings of one reading, gathered by wall. */
final class Sections {
    private final Map<Wall, List<Finding>> findings = new EnumMap<>(Wall.class);
    private final Map<Wall, String> summaries = new EnumMap<>(Wall.class);

    void summary(Wall wall, String words) {
        summaries.put(wall, words);
    }

    void add(Wall wall, Finding finding) {
        findings.computeIfAbsent(wall, _ -> new ArrayList<>()).add(finding);
    }

    void addAll(Wall wall, List<Finding> more) {
        more.forEach(finding -> add(wall, finding));
    }

    /** Something read: as asked when {@code holds}, else {@code otherwise}. */
    void read(Wall wall, String of, String what, String asked, String found, boolean holds, Verdict otherwise) {
        add(wall, new Finding(of, what, asked, found, holds ? Verdict.AS_ASKED : otherwise, Proof.READ));
    }

    /** Something read: as asked or weaker. */
    void read(Wall wall, String of, String what, String asked, String found, boolean holds) {
        read(wall, of, what, asked, found, holds, Verdict.WEAKER);
    }

    void recorded(Wall wall, String of, String what, String value) {
        add(wall, new Finding(of, what, value, value, Verdict.AS_ASKED, Proof.RECORDED));
    }

    /** Does a part of the reading; what cannot be read is no reason to tell nothing, and is never as asked. */
    void attempt(Wall wall, String of, String what, String asked, Runnable reading) {
        try {
            reading.run();
        } catch (LinuxException | UncheckedIOException | CgroupException | IllegalArgumentException why) {
            add(wall, new Finding(of, what, asked, "not read: " + why.getMessage(), Verdict.WEAKER, Proof.READ));
        }
    }

    /** The same for one value. */
    <T> void attempt(Wall wall, String of, String what, String asked, Supplier<T> reading, Predicate<T> holds) {
        attempt(wall, of, what, asked, () -> {
            T found = reading.get();
            read(wall, of, what, asked, found.toString(), holds.test(found));
        });
    }

    List<WallFindings> all() {
        List<WallFindings> all = new ArrayList<>();
        for (Wall wall : Wall.values()) {
            all.add(new WallFindings(wall, summaries.getOrDefault(wall, ""), findings.getOrDefault(wall, List.of())));
        }
        return all;
    }

    /** Only the walls of which something was found: of the others nothing can be said. */
    List<WallFindings> some() {
        return all().stream().filter(wall -> !wall.findings().isEmpty()).toList();
    }
}
