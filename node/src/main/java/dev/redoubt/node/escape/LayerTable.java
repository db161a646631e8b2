package dev.redoubt.node.escape;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Which layer holds which attack: the battery with all layers, and again with each one away. */
public final class LayerTable {
    private final Report whole;
    private final Map<Layer, Report> without;

    /**
     * @param whole all layers
     * @param without one layer away each
     */
    public LayerTable(Report whole, Map<Layer, Report> without) {
        this.whole = whole;
        this.without = new EnumMap<>(without);
    }

    /**
     * One attack that some layer stops.
     *
     * @param first the wall that stopped it with all layers up
     * @param alone the layers without which it is open
     */
    public record Row(Probe probe, As as, String first, Set<Layer> alone) {
        /**
         * What the runs say about who holds it. An attack that met {@link Layer#NAMESPACES} first may be held by that layer
         * alone: it cannot be left away whole, so that is not known.
         */
        public String holding() {
            if (!alone.isEmpty()) {
                return alone.stream().map(layer -> word(layer) + " alone").collect(Collectors.joining(", "));
            }
            return first.equals(word(Layer.NAMESPACES)) ? first + ", never left away whole" : "more than one layer";
        }
    }

    /** Every attack that was blocked with all layers. */
    public List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (Finding finding : whole.findings()) {
            if (finding.outcome() instanceof Outcome.Blocked) {
                rows.add(new Row(finding.probe(), finding.as(), finding.wallWord(), openWithout(finding)));
            }
        }
        return rows;
    }

    private Set<Layer> openWithout(Finding finding) {
        Set<Layer> layers = EnumSet.noneOf(Layer.class);
        without.forEach((layer, report) -> {
            if (report.open().stream()
                    .anyMatch(other -> other.probe().equals(finding.probe()) && other.as() == finding.as())) {
                layers.add(layer);
            }
        });
        return layers;
    }

    /** As a page of the documentation. */
    public String markdown() {
        String head = "| attack | as | stopped by | held by |\n|---|---|---|---|\n";
        return rows().stream().map(LayerTable::line).collect(Collectors.joining("\n", head, "\n"));
    }

    private static String line(Row row) {
        return "| `" + row.probe().name() + "` | " + row.as().word() + " | " + row.first() + " | " + row.holding()
                + " |";
    }

    private static String word(Layer layer) {
        return layer.name().toLowerCase(Locale.ROOT);
    }
}
