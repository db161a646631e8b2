package dev.redoubt.node.escape;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** All attacks of one battery run with their verdicts. */
public record Report(List<Finding> findings) {
    public Report {
        findings = List.copyOf(findings);
    }

    /** Puts the runs of one sandbox beside the controls. */
    public static Report of(
            Battery battery, Map<String, Outcome> controls, Map<As, Map<String, Outcome>> inside, CallFilter filter) {
        List<Finding> findings = new ArrayList<>();
        for (Probe probe : battery.probes()) {
            Outcome control = reported(controls, probe);
            inside.forEach(
                    (as, outcomes) -> findings.add(Finding.of(probe, as, reported(outcomes, probe), control, filter)));
        }
        return new Report(findings);
    }

    private static Outcome reported(Map<String, Outcome> outcomes, Probe probe) {
        return outcomes.getOrDefault(probe.name(), new Outcome.Untried("not reported"));
    }

    public List<Finding> open() {
        return findings.stream().filter(Finding::open).toList();
    }

    /** Open, and nobody has said why that is no way out. */
    public List<Finding> unexplained(Explained explained) {
        return open().stream()
                .filter(finding -> explained.reason(finding).isEmpty())
                .toList();
    }

    /** Explained, but not open for who attacked here: a wall that has become better than its description. */
    public List<Explained.Key> stale(Explained explained) {
        List<Explained.Key> open = open().stream()
                .map(finding -> new Explained.Key(finding.probe().name(), finding.as()))
                .toList();
        Set<As> attackers = findings.stream().map(Finding::as).collect(Collectors.toSet());
        return explained.reasons().keySet().stream()
                .filter(key -> attackers.contains(key.as()) && !open.contains(key))
                .toList();
    }

    /** Attacks that prove nothing: not tried inside, or without a control that works. */
    public List<Finding> withoutProof() {
        return findings.stream()
                .filter(finding -> finding.outcome() instanceof Outcome.Untried || !finding.controlled())
                .toList();
    }

    /** Whether every wall held, or it is explained why one need not. */
    public boolean holds(Explained explained) {
        return unexplained(explained).isEmpty() && withoutProof().isEmpty();
    }
}
