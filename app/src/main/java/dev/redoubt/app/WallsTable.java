package dev.redoubt.app;

import dev.redoubt.node.walls.report.Finding;
import dev.redoubt.node.walls.report.Proof;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.node.walls.report.WallFindings;
import dev.redoubt.node.walls.report.WallsEvent;
import dev.redoubt.node.walls.report.WallsReport;
import java.util.ArrayList;
import java.util.List;

/** A walls report for people: a line per wall, and beneath it what is not as asked. */
final class WallsTable {
    private static final int MOST_FINDINGS = 12;

    private WallsTable() {}

    static List<String> of(WallsReport report) {
        List<String> lines = new ArrayList<>();
        lines.add("walls of " + report.sandbox() + ": " + report.verdict());
        lines.add("  profile " + report.profile() + ", " + report.driver() + " driver, Linux " + report.kernel()
                + ", at " + report.at());
        if (report.sharedKernelAccepted()) {
            lines.add(
                    "  THE KERNEL IS SHARED: the profile wants one of its own, and --accept-shared-kernel did without");
        }
        if (report.frozen()) {
            lines.add("  FROZEN: nothing inside runs until somebody ends it");
        }
        for (WallFindings wall : report.walls()) {
            lines.add("  %-13s %-9s %s".formatted(wall.wall(), wall.verdict(), wall.summary()));
            wall.worse().stream().limit(MOST_FINDINGS).forEach(finding -> add(lines, finding));
            if (wall.worse().size() > MOST_FINDINGS) {
                lines.add("      and " + (wall.worse().size() - MOST_FINDINGS) + " more; --json has them all");
            }
        }
        for (WallsEvent event : report.events()) {
            lines.add("  " + event.at() + " " + event.kind());
            event.words().forEach(words -> lines.add("      " + words));
        }
        long recorded = report.walls().stream()
                .flatMap(wall -> wall.findings().stream())
                .filter(finding -> finding.proof() == Proof.RECORDED)
                .count();
        lines.add("  " + (count(report) - recorded) + " facts read from the kernel; " + recorded
                + " recorded at the launch, which the kernel does not show");
        return lines;
    }

    private static void add(List<String> lines, Finding finding) {
        lines.add("      " + (finding.verdict() == Verdict.MISSING ? "MISSING " : "weaker  ") + finding.of() + ", "
                + finding.what());
        lines.add("              asked " + finding.asked());
        lines.add("              found " + finding.found());
    }

    private static long count(WallsReport report) {
        return report.walls().stream().mapToLong(wall -> wall.findings().size()).sum();
    }
}
