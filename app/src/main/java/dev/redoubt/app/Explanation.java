package dev.redoubt.app;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.seccomp.CallCount;
import dev.redoubt.node.seccomp.CallEvent;
import dev.redoubt.node.seccomp.CallReport;
import dev.redoubt.node.seccomp.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Why system calls were refused, for people: a call that was made again with the same arguments is one line. */
final class Explanation {
    private static final int MOST_LINES = 20;

    private Explanation() {}

    /** A call as it was written down, with its answer. */
    private record Asked(String words, Outcome.Refused answer) {}

    static List<String> of(CallReport report) {
        List<String> lines = new ArrayList<>();
        lines.add(head(report));
        Map<Asked, Integer> asked = asked(report);
        asked.entrySet().stream().limit(MOST_LINES).forEach(entry -> lines.add(line(entry.getKey(), entry.getValue())));
        if (asked.size() > MOST_LINES) {
            lines.add("  and " + (asked.size() - MOST_LINES) + " others");
        }
        report.counts().forEach(count -> unwritten(count, report, lines));
        return lines;
    }

    private static String head(CallReport report) {
        long refused = report.counts().stream()
                .filter(count -> count.outcome() instanceof Outcome.Refused)
                .mapToLong(CallCount::times)
                .sum();
        return switch ((int) Math.min(refused, 2)) {
            case 0 -> "no system call was refused that has an explanation";
            case 1 -> "one system call was refused:";
            default -> refused + " system calls were refused:";
        };
    }

    private static Map<Asked, Integer> asked(CallReport report) {
        Map<Asked, Integer> asked = new LinkedHashMap<>();
        for (CallEvent event : report.events()) {
            if (event.outcome() instanceof Outcome.Refused refused) {
                asked.merge(new Asked(event.words(), refused), 1, Integer::sum);
            }
        }
        return asked;
    }

    private static String line(Asked asked, int times) {
        return "  " + asked.words() + ": refused " + name(asked.answer()) + (times == 1 ? "" : ", " + times + " times")
                + ": " + asked.answer().reason();
    }

    /** Those that came too fast, or so long ago that newer ones have taken their place. */
    private static void unwritten(CallCount count, CallReport report, List<String> lines) {
        if (!(count.outcome() instanceof Outcome.Refused refused)) {
            return;
        }
        long written = report.events().stream()
                .filter(event ->
                        event.call().equals(count.call()) && event.outcome().equals(refused))
                .count();
        if (count.times() > written) {
            lines.add("  " + count.call() + ": refused " + name(refused) + ", " + (count.times() - written)
                    + " more times");
        }
    }

    private static String name(Outcome.Refused refused) {
        return Errno.name(refused.errno());
    }
}
