package dev.redoubt.policy.calls;

import dev.redoubt.protocol.CallError;
import java.util.List;
import java.util.stream.Stream;

/** The words in which {@link CallList} is written. */
final class Lines {
    private Lines() {}

    /** One entry of a group: several calls that share a decision. */
    record Line(List<Rule> rules) {}

    static Group group(String name, String purpose, Line... lines) {
        List<Rule> rules = Stream.of(lines).flatMap(line -> line.rules.stream()).toList();
        return new Group(name, purpose, rules);
    }

    static Line allow(String names) {
        return line(names, Decision.always(Verdict.Plain.ALLOW), "");
    }

    /** Calls that answer {@code denied} in a profile that does not allow them, because programs know how to go on then. */
    static Line allow(CallError denied, String names) {
        List<Rule> rules =
                allow(names).rules.stream().map(rule -> rule.denied(denied)).toList();
        return new Line(rules);
    }

    static Line refuse(CallError errno, String reason, String names) {
        return line(names, Decision.always(refused(errno)), reason);
    }

    static Line call(String name, Verdict otherwise, String reason, Clause... clauses) {
        return line(name, new Decision(List.of(clauses), otherwise), reason);
    }

    static Clause allowIf(ArgumentTest... tests) {
        return new Clause("", Verdict.Plain.ALLOW, List.of(tests));
    }

    static Clause refuseIf(CallError errno, ArgumentTest... tests) {
        return new Clause("", refused(errno), List.of(tests));
    }

    /** For what a program gives up over when it is refused, and does not miss when it is not done. */
    static Clause pretendIf(ArgumentTest... tests) {
        return new Clause("", Verdict.Plain.PRETEND, List.of(tests));
    }

    static Verdict refused(CallError errno) {
        return new Verdict.Refuse(errno.number());
    }

    private static Line line(String names, Decision decision, String reason) {
        Stream<String> words = Stream.of(names.strip().split("\\s+", -1));
        return new Line(words.map(name -> Rule.of(name, decision, reason)).toList());
    }
}
