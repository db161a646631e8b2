package dev.redoubt.policy.calls;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What is done with a call: the first clause that holds, else the last word. */
public record Decision(List<Clause> clauses, Verdict otherwise) {
    public Decision {
        clauses = List.copyOf(clauses);
    }

    /** The same for all arguments. */
    public static Decision always(Verdict verdict) {
        return new Decision(List.of(), verdict);
    }

    /** The verdict on six arguments. */
    public Verdict decide(long[] arguments) {
        return clauses.stream()
                .filter(clause -> clause.holds(arguments))
                .findFirst()
                .map(Clause::verdict)
                .orElse(otherwise);
    }

    /** Whether nothing a profile says can let this call pass. */
    boolean neverAllows() {
        return otherwise != Verdict.Plain.ALLOW
                && clauses.stream().noneMatch(clause -> clause.verdict() == Verdict.Plain.ALLOW);
    }

    /** This decision where these groups are allowed: clauses of other groups fall away. */
    Decision in(Set<String> groups) {
        return new Decision(
                clauses.stream().filter(clause -> clause.stands(groups)).toList(), otherwise);
    }

    /** This decision, and a refusal in front of it for whatever {@code tests} hold. */
    Decision refusing(List<ArgumentTest> tests, int errno) {
        List<Clause> all = new ArrayList<>();
        all.add(new Clause("", new Verdict.Refuse(errno), tests));
        all.addAll(clauses);
        return new Decision(all, otherwise);
    }

    /**
     * This decision, but nothing passes unless one of {@code alternatives} holds: every clause that allows asks for them
     * too, and the last word is a refusal.
     */
    Decision onlyWhen(List<List<ArgumentTest>> alternatives, int errno) {
        List<Clause> all = new ArrayList<>();
        for (Clause clause : clauses) {
            if (clause.verdict() == Verdict.Plain.ALLOW) {
                alternatives.forEach(
                        tests -> all.add(new Clause("", Verdict.Plain.ALLOW, joined(tests, clause.tests()))));
            } else {
                all.add(clause);
            }
        }
        if (otherwise == Verdict.Plain.ALLOW) {
            alternatives.forEach(tests -> all.add(new Clause("", Verdict.Plain.ALLOW, tests)));
        }
        return new Decision(all, otherwise == Verdict.Plain.ALLOW ? new Verdict.Refuse(errno) : otherwise);
    }

    private static List<ArgumentTest> joined(List<ArgumentTest> first, List<ArgumentTest> second) {
        List<ArgumentTest> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    /** This decision when a broker explains: it is asked wherever the filter alone would refuse. */
    public Decision explained() {
        List<Clause> asked = clauses.stream()
                .map(clause -> new Clause(clause.group(), explained(clause.verdict()), clause.tests()))
                .toList();
        return new Decision(asked, explained(otherwise));
    }

    /** This decision when an audit listens: it is asked wherever the filter would not refuse. */
    public Decision audited() {
        List<Clause> asked = clauses.stream()
                .map(clause -> new Clause(clause.group(), audited(clause.verdict()), clause.tests()))
                .toList();
        return new Decision(asked, audited(otherwise));
    }

    /** The same, but nobody is asked where {@code test} holds too. */
    public Decision auditedUnless(ArgumentTest test) {
        List<Clause> all = new ArrayList<>();
        for (Clause clause : clauses) {
            if (clause.verdict() == Verdict.Plain.ALLOW) {
                all.add(new Clause(clause.group(), Verdict.Plain.ALLOW, joined(List.of(test), clause.tests())));
            }
            all.add(new Clause(clause.group(), audited(clause.verdict()), clause.tests()));
        }
        if (otherwise == Verdict.Plain.ALLOW) {
            all.add(new Clause("", Verdict.Plain.ALLOW, List.of(test)));
        }
        return new Decision(all, audited(otherwise));
    }

    private static Verdict audited(Verdict verdict) {
        return verdict instanceof Verdict.Refuse ? verdict : Verdict.Plain.NOTIFY;
    }

    private static Verdict explained(Verdict verdict) {
        return verdict instanceof Verdict.Refuse ? Verdict.Plain.NOTIFY : verdict;
    }
}
