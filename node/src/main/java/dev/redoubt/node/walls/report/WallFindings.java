package dev.redoubt.node.walls.report;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * All that was found about one wall.
 *
 * @param summary in a few words, for people
 */
public record WallFindings(Wall wall, String summary, List<Finding> findings) {
    public WallFindings {
        Objects.requireNonNull(wall, "wall");
        summary = PlainText.of(summary);
        findings = List.copyOf(findings);
    }

    /** The worst of its findings. */
    public Verdict verdict() {
        return Verdict.worst(findings.stream().map(Finding::verdict).toList());
    }

    /** Those that are not as asked. */
    public List<Finding> worse() {
        return findings.stream()
                .filter(finding -> finding.verdict() != Verdict.AS_ASKED)
                .toList();
    }

    Map<String, Object> tree() {
        return Map.of(
                "wall",
                wall.toString(),
                "summary",
                summary,
                "verdict",
                verdict().toString(),
                "findings",
                findings.stream().map(Finding::tree).toList());
    }
}
