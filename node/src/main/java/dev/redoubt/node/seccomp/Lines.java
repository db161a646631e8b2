package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.Profile.Calls;
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

    static Line allowFrom(Calls least, int errno, String reason, String names) {
        Clause allow = new Clause(least, Verdict.Plain.ALLOW, List.of());
        return line(names, new Decision(List.of(allow), refused(errno)), reason);
    }

    static Line refuse(int errno, String reason, String names) {
        return line(names, Decision.always(refused(errno)), reason);
    }

    static Line call(String name, Verdict otherwise, String reason, Clause... clauses) {
        return line(name, new Decision(List.of(clauses), otherwise), reason);
    }

    static Clause allowIf(ArgumentTest... tests) {
        return new Clause(Calls.NARROW, Verdict.Plain.ALLOW, List.of(tests));
    }

    static Clause refuseIf(int errno, ArgumentTest... tests) {
        return new Clause(Calls.NARROW, refused(errno), List.of(tests));
    }

    /** For what a program gives up over when it is refused, and does not miss when it is not done. */
    static Clause pretendIf(ArgumentTest... tests) {
        return new Clause(Calls.NARROW, Verdict.Plain.PRETEND, List.of(tests));
    }

    static Verdict refused(int errno) {
        return new Verdict.Refuse(errno);
    }

    private static Line line(String names, Decision decision, String reason) {
        Stream<String> words = Stream.of(names.strip().split("\\s+", -1));
        return new Line(words.map(name -> new Rule(name, decision, reason)).toList());
    }
}
