package dev.redoubt.node.escape;

import dev.redoubt.protocol.Driver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What each driver blocks of the same battery, as a table of SECURITY.md: a line for each group of attacks.
 *
 * @param reports of the drivers that were attacked, each of the whole battery
 */
public record DriverTable(Map<Driver, Report> reports) {
    private static final String ABSENT = "absent here";

    public DriverTable {
        reports = Map.copyOf(reports);
    }

    /** In Markdown, every line ended. */
    public String text() {
        List<Driver> drivers = reports.keySet().stream().sorted().toList();
        StringBuilder text = new StringBuilder();
        text.append(line("attacks", drivers.stream().map(Driver::toString), ABSENT));
        text.append("|---".repeat(drivers.size() + 2)).append("|\n");
        for (String group : groups()) {
            text.append(line(
                    group,
                    drivers.stream().map(driver -> cell(of(driver, group))),
                    absent(of(drivers.getFirst(), group))));
        }
        text.append(line(
                "all", drivers.stream().map(driver -> cell(findings(driver))), absent(findings(drivers.getFirst()))));
        return text.toString();
    }

    /** Attacks on what this kernel does not have: nothing of ours has stopped them. The controls are the same for all drivers. */
    private static String absent(List<Finding> findings) {
        return Long.toString(findings.stream()
                .filter(finding -> finding.control() instanceof Outcome.Absent)
                .count());
    }

    /** What is neither blocked nor harmless nor open could not be tried. */
    private static String cell(List<Finding> findings) {
        long harmless = count(findings, Outcome.Harmless.class);
        long open = count(findings, Outcome.Open.class);
        return count(findings, Outcome.Blocked.class) + " of " + findings.size()
                + (harmless == 0 ? "" : ", " + harmless + " harmless")
                + (open == 0 ? "" : "; " + open + " open");
    }

    private static long count(List<Finding> findings, Class<? extends Outcome> kind) {
        return findings.stream()
                .filter(finding -> kind.isInstance(finding.outcome()))
                .count();
    }

    private List<Finding> of(Driver driver, String group) {
        return findings(driver).stream()
                .filter(finding -> finding.probe().group().equals(group))
                .toList();
    }

    private List<Finding> findings(Driver driver) {
        Report report = reports.get(driver);
        return report == null ? List.of() : report.findings();
    }

    /** In the battery's order. */
    private List<String> groups() {
        Map<String, Long> groups = reports.values().stream()
                .flatMap(report -> report.findings().stream())
                .collect(Collectors.groupingBy(
                        finding -> finding.probe().group(), LinkedHashMap::new, Collectors.counting()));
        return new ArrayList<>(groups.keySet());
    }

    private static String line(String head, Stream<String> cells, String last) {
        return "| " + head + " | " + cells.collect(Collectors.joining(" | ")) + " | " + last + " |\n";
    }
}
