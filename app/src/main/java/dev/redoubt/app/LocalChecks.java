package dev.redoubt.app;

import dev.redoubt.bench.BenchRun;
import dev.redoubt.bench.BenchSettings;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.escape.DriverTable;
import dev.redoubt.node.escape.EscapeTest;
import dev.redoubt.node.escape.Explained;
import dev.redoubt.node.escape.Finding;
import dev.redoubt.node.escape.LayerTable;
import dev.redoubt.node.escape.Report;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The escape battery and the benchmarks on this machine. Every method answers an exit code. */
final class LocalChecks {
    private LocalChecks() {}

    /** Attacks, prints what came of it, and fails when something is open that SECURITY.md does not explain. */
    static int escapeTest(Driver driver, String profile, boolean json, boolean layers) {
        if (layers && driver != Driver.NATIVE) {
            throw new Refusal(
                    Refusal.Code.VALIDATION_ERROR,
                    "--layers takes walls away from the native driver, not from " + driver);
        }
        return attacking(() -> {
            SandboxSpec spec = attacked(driver, profile);
            try (EscapeTest test = escapeTest()) {
                return layers ? layers(test.layers(spec), json) : report(test.run(spec), driver, json);
            }
        });
    }

    /** Attacks every driver that this host has, and prints a line of SECURITY.md's table for each group of attacks. */
    static int escapeTable(String profile) {
        return attacking(() -> {
            Map<Driver, Report> reports = new EnumMap<>(Driver.class);
            try (EscapeTest test = escapeTest()) {
                for (Driver driver : Driver.values()) {
                    if (Node.isInstalled(driver)) {
                        reports.put(driver, test.run(attacked(driver, profile)));
                    } else {
                        Say.line("driver " + driver + " is left out: its program is not installed");
                    }
                }
            }
            System.out.print(new DriverTable(reports).text());
            return Exit.DONE;
        });
    }

    private static EscapeTest escapeTest() throws IOException, InterruptedException {
        NodeSettings settings = Installation.library();
        LocalImages.ensure(settings, "busybox");
        return EscapeTest.open(settings);
    }

    private static SandboxSpec attacked(Driver driver, String profile) {
        return SandboxSpec.of("busybox").withProfile(Profiles.named(profile)).withDriver(driver);
    }

    /** What runs the battery, to an exit code. */
    private interface Attack {
        int run() throws IOException, InterruptedException;
    }

    private static int attacking(Attack attack) {
        try {
            return attack.run();
        } catch (Problem problem) {
            throw Refusal.of(problem);
        } catch (IOException failed) {
            throw new Refusal(Refusal.Code.INTERNAL, "the battery could not run: " + failed.getMessage());
        } catch (InterruptedException stop) {
            throw Refusal.interrupted();
        }
    }

    private static int report(Report report, Driver driver, boolean json) throws IOException {
        List<Finding> unexplained = report.unexplained(Explained.builtIn(driver));
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
