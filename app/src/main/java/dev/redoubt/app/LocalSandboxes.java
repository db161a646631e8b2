package dev.redoubt.app;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.daemon.Listed;
import dev.redoubt.node.daemon.NodeClient;
import dev.redoubt.node.seccomp.CallCount;
import dev.redoubt.node.seccomp.CallEvent;
import dev.redoubt.node.seccomp.CallReport;
import dev.redoubt.node.seccomp.Outcome;
import dev.redoubt.node.walls.report.SignedReport;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.SandboxId;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Sandboxes of this machine's node daemon. Every method answers an exit code. */
final class LocalSandboxes {
    private static final double NANOS_PER_MICRO = 1e3;

    private LocalSandboxes() {}

    static int list(boolean json) {
        List<Listed> sandboxes = asked(NodeClient::sandboxes);
        if (json) {
            System.out.println(
                    Json.of(sandboxes.stream().map(LocalSandboxes::facts).toList()));
            return Exit.DONE;
        }
        System.out.printf(
                "%-36s %-10s %-20s %-13s %-18s %s%n", "ID", "NETWORK", "STARTED", "REFUSED CALLS", "WALLS", "LABELS");
        for (Listed sandbox : sandboxes) {
            System.out.printf(
                    "%-36s %-10s %-20s %-13d %-18s %s%n",
                    sandbox.id(),
                    sandbox.network(),
                    sandbox.started().truncatedTo(ChronoUnit.SECONDS),
                    sandbox.refusedCalls(),
                    sandbox.walls().map(Verdict::toString).orElse("not looked at yet"),
                    words(sandbox.labels()));
        }
        return Exit.DONE;
    }

    private static Map<String, Object> facts(Listed sandbox) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("id", sandbox.id().value());
        facts.put("network", sandbox.network().toString());
        facts.put("startedAt", sandbox.started().toString());
        facts.put("refusedCalls", sandbox.refusedCalls());
        facts.put("labels", sandbox.labels().byName());
        sandbox.walls().ifPresent(verdict -> facts.put("walls", verdict.toString()));
        return facts;
    }

    private static String words(Labels labels) {
        return labels.byName().entrySet().stream()
                .map(label -> label.getKey() + "=" + label.getValue())
                .collect(Collectors.joining(" "));
    }

    static int syscalls(String id, boolean json) {
        SandboxId sandbox = id(id);
        CallReport report = asked(client -> client.syscalls(sandbox));
        if (json) {
            System.out.println(Json.of(facts(report)));
            return Exit.DONE;
        }
        for (CallEvent event : report.events()) {
            System.out.printf(
                    "%s %5d %s: %s%n",
                    event.at().truncatedTo(ChronoUnit.MILLIS), event.process(), event.words(), words(event.outcome()));
        }
        for (CallCount count : report.counts()) {
            System.out.printf("%9d times %s: %s%n", count.times(), count.call(), words(count.outcome()));
        }
        if (report.unrecorded() > 0) {
            System.out.printf("%9d of these came too fast to be written down%n", report.unrecorded());
        }
        return Exit.DONE;
    }

    static int walls(String id, boolean json) {
        SandboxId sandbox = id(id);
        SignedReport report = asked(client -> client.walls(sandbox));
        if (json) {
            System.out.println(report.text());
        } else {
            WallsTable.of(report.report()).forEach(System.out::println);
        }
        return report.report().verdict() == Verdict.AS_ASKED ? Exit.DONE : Exit.FAILED;
    }

    static int end(String id) {
        SandboxId sandbox = id(id);
        asked(client -> {
            client.kill(sandbox);
            return sandbox;
        });
        return Exit.DONE;
    }

    private static SandboxId id(String text) {
        try {
            return new SandboxId(text);
        } catch (IllegalArgumentException malformed) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, String.valueOf(malformed.getMessage()));
        }
    }

    private static String words(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Refused(int errno, String reason) -> "refused " + Errno.name(errno) + ": " + reason;
            case Outcome.Answered(String what) -> what;
            case Outcome.CallerGone() -> "its process was killed meanwhile";
        };
    }

    private static Map<String, Object> facts(CallReport report) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("events", report.events().stream().map(LocalSandboxes::facts).toList());
        facts.put("counts", report.counts().stream().map(LocalSandboxes::facts).toList());
        facts.put("unrecorded", report.unrecorded());
        return facts;
    }

    private static Map<String, Object> facts(CallEvent event) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("at", event.at().toString());
        facts.put("process", event.process());
        facts.put("call", event.call());
        facts.put("words", event.words());
        facts.put("rule", event.rule());
        facts.putAll(facts(event.outcome()));
        facts.put("latencyMicroseconds", event.latency().toNanos() / NANOS_PER_MICRO);
        return facts;
    }

    private static Map<String, Object> facts(CallCount count) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("call", count.call());
        facts.putAll(facts(count.outcome()));
        facts.put("times", count.times());
        return facts;
    }

    private static Map<String, Object> facts(Outcome outcome) {
        Map<String, Object> facts = new LinkedHashMap<>();
        switch (outcome) {
            case Outcome.Refused(int errno, String reason) -> {
                facts.put("outcome", "refused");
                facts.put("errno", Errno.name(errno));
                facts.put("reason", reason);
            }
            case Outcome.Answered(String what) -> {
                facts.put("outcome", "answered");
                facts.put("answer", what);
            }
            case Outcome.CallerGone() -> facts.put("outcome", "callerGone");
        }
        return facts;
    }

    /** What is asked of the daemon. */
    @FunctionalInterface
    private interface Question<T> {
        T of(NodeClient client);
    }

    private static <T> T asked(Question<T> question) {
        try (NodeClient client = NodeClient.connect(Installation.library().runDirectory())
                .orElseThrow(
                        () -> new Refusal(
                                Refusal.Code.NODE_UNAVAILABLE,
                                "no node daemon runs here, so no sandbox outlives its command; start one with ./redoubt node"))) {
            return question.of(client);
        } catch (Problem problem) {
            throw Refusal.of(problem);
        }
    }
}
