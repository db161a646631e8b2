package dev.redoubt.app;

import dev.redoubt.bench.BenchRun;
import dev.redoubt.bench.BenchSettings;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.escape.EscapeTest;
import dev.redoubt.node.escape.Explained;
import dev.redoubt.node.escape.Finding;
import dev.redoubt.node.escape.LayerTable;
import dev.redoubt.node.escape.Report;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The escape battery and the benchmarks on this machine. Every method answers an exit code. */
final class LocalChecks {
    private LocalChecks() {}

    /** Attacks, prints what came of it, and fails when something is open that SECURITY.md does not explain. */
    static int escapeTest(String runtime, String profile, boolean json, boolean layers) {
        if (!runtime.equals("container")) {
            throw Refusal.notBuilt("runtime class " + runtime);
        }
        try {
            NodeSettings settings = Installation.library();
            LocalImages.ensure(settings, "busybox");
            EscapeTest test = new EscapeTest(settings, SandboxSpec.of("busybox").withProfile(Profiles.named(profile)));
            if (layers) {
                return layers(test.layers(), json);
            }
            return report(test.run(), json);
        } catch (Problem problem) {
            throw Refusal.of(problem);
        } catch (IOException failed) {
            throw new Refusal(Refusal.Code.INTERNAL, "the battery could not run: " + failed.getMessage());
        } catch (InterruptedException stop) {
            throw Refusal.interrupted();
        }
    }

    private static int report(Report report, boolean json) throws IOException {
        List<Finding> unexplained = report.unexplained(Explained.builtIn());
        if (json) {
            System.out.println(
                    Json.of(report.findings().stream().map(LocalChecks::facts).toList()));
        } else {
            for (Finding finding : report.findings()) {
                System.out.printf(
                        "%-28s %-6s %-9s %-14s %s%n",
                        finding.probe().name(),
                        word(finding.as()),
                        finding.outcome().word(),
                        finding.error(),
                        finding.wallWord());
            }
            System.out.printf(
                    "%d attacks, %d open, %d of them not explained in SECURITY.md, %d without a working control%n",
                    report.findings().size(),
                    report.open().size(),
                    unexplained.size(),
                    report.withoutProof().size());
        }
        unexplained.forEach(
                finding -> Say.line("open and not explained: " + finding.probe().name() + " as " + word(finding.as())
                        + ": " + finding.outcome().note()));
        return unexplained.isEmpty() && report.withoutProof().isEmpty() ? Exit.DONE : Exit.FAILED;
    }

    private static int layers(LayerTable table, boolean json) {
        if (json) {
            System.out.println(Json.of(table.rows().stream()
                    .map(row -> Map.of(
                            "name", row.probe().name(),
                            "as", word(row.as()),
                            "wall", row.first(),
                            "aloneHeldBy",
                                    row.alone().stream().map(LocalChecks::word).toList()))
                    .toList()));
            return Exit.DONE;
        }
        for (LayerTable.Row row : table.rows()) {
            System.out.printf(
                    "%-28s %-6s %-12s %s%n",
                    row.probe().name(), word(row.as()), row.first(), "held by " + row.holding());
        }
        return Exit.DONE;
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static Map<String, Object> facts(Finding finding) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("name", finding.probe().name());
        facts.put("group", finding.probe().group());
        facts.put("as", word(finding.as()));
        facts.put("outcome", finding.outcome().word());
        facts.put("errno", finding.error());
        facts.put("wall", finding.wallWord());
        facts.put("control", finding.control().word());
        facts.put("note", finding.outcome().note());
        return facts;
    }

    static int bench(@Nullable String name, boolean json, boolean shortRun) {
        Optional<Path> script =
                Optional.ofNullable(System.getProperty("redoubt.home")).map(home -> Path.of(home, "redoubt"));
        try {
            BenchRun.run(
                    name == null ? List.of() : List.of(name),
                    new BenchSettings(Installation.library(), script, shortRun),
                    json,
                    System.out,
                    Say::line);
            return Exit.DONE;
        } catch (Problem problem) {
            throw Refusal.of(problem);
        } catch (IOException failed) {
            throw new Refusal(Refusal.Code.INTERNAL, "the benchmark could not run: " + failed.getMessage());
        } catch (InterruptedException stop) {
            throw Refusal.interrupted();
        }
    }
}
