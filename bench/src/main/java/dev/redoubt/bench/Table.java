package dev.redoubt.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** A report for people. */
final class Table {
    private static final List<String> HEAD =
            List.of("case", "subject", "unit", "n", "min", "median", "p95", "p99", "max", "");
    private static final int TEXT_COLUMNS = 3;

    private Table() {}

    static String of(Report report) {
        StringBuilder text = new StringBuilder(head(report));
        List<List<String>> rows = new ArrayList<>(List.of(HEAD));
        report.results().forEach(result -> rows.add(cells(result)));
        int[] widths = IntStream.range(0, HEAD.size())
                .map(column -> rows.stream()
                        .mapToInt(row -> row.get(column).length())
                        .max()
                        .orElse(0))
                .toArray();
        rows.forEach(row -> text.append(line(row, widths)));
        report.skipped()
                .forEach(skipped ->
                        text.append("not measured: %s: %s%n".formatted(skipped.subject(), skipped.reason())));
        return text.append('\n').toString();
    }

    private static String head(Report report) {
        Machine machine = report.machine();
        return String.format(
                Locale.ROOT,
                "%s, %s%s%n%d x %s, %,d MB, %s, control groups %s, Java %s; %s%n",
                report.name(),
                report.at(),
                report.shortRun() ? " (short: shows that it works, not how fast it is)" : "",
                machine.cpus(),
                machine.processor(),
                machine.memoryMb(),
                machine.kernel(),
                machine.cgroups(),
                machine.java(),
                String.join(", ", report.peers().values().stream().sorted().toList()));
    }

    private static List<String> cells(Result result) {
        return List.of(
                result.what(),
                result.subject(),
                result.unit().symbol(),
                Integer.toString(result.n()),
                number(result.min()),
                number(result.median()),
                number(result.p95()),
                number(result.p99()),
                number(result.max()),
                result.noisy() == 0 ? "" : result.noisy() + " noisy");
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.3f" : "%.1f", value);
    }

    private static String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String cell = cells.get(column);
            String blanks = " ".repeat(widths[column] - cell.length());
            line.append(column < TEXT_COLUMNS || column == widths.length - 1 ? cell + blanks : blanks + cell)
                    .append("  ");
        }
        return line.toString().stripTrailing() + "\n";
    }
}
