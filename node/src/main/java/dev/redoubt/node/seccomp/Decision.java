package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.Profile.Calls;
import java.util.ArrayList;
import java.util.List;

/** What is done with a call: the first clause that holds, else the last word. */
record Decision(List<Clause> clauses, Verdict otherwise) {
    Decision {
        clauses = List.copyOf(clauses);
    }

    static Decision always(Verdict verdict) {
        return new Decision(List.of(), verdict);
    }

    Verdict decide(long[] arguments) {
        return clauses.stream()
                .filter(clause -> clause.holds(arguments))
                .findFirst()
                .map(Clause::verdict)
                .orElse(otherwise);
    }

    /** This decision at one level: clauses of wider levels fall away, a clause without tests is the last word. */
    Decision at(Calls level) {
        List<Clause> kept = new ArrayList<>();
        for (Clause clause : clauses) {
            if (!level.includes(clause.least())) {
                continue;
            }
            if (clause.tests().isEmpty()) {
                return new Decision(kept, clause.verdict());
            }
            kept.add(clause);
        }
        return new Decision(kept, otherwise);
    }

    /** This decision when a broker explains: it is asked wherever the filter alone would refuse. */
    Decision explained() {
        List<Clause> asked = clauses.stream()
                .map(clause -> new Clause(clause.least(), explained(clause.verdict()), clause.tests()))
                .toList();
        return new Decision(asked, explained(otherwise));
    }

    private static Verdict explained(Verdict verdict) {
        return verdict instanceof Verdict.Refuse ? Verdict.Plain.NOTIFY : verdict;
    }
}
