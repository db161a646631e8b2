package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** When the walls are said to hold. */
final class ReportTest {
    private static final Probe PROBE = new Probe("attack", "group", "gain", "", List.of(Layer.CALLS), "");
    private static final Outcome OPEN = new Outcome.Open("");
    private static final Explained NOTHING = Explained.parse("# probe\tas\twhy\n");

    private static Report report(Outcome inside, Outcome control) {
        return new Report(List.of(Finding.of(PROBE, As.ROOT, inside, control, CallFilter.NONE)));
    }

    private static Outcome blocked() {
        return new Outcome.Blocked("SIGSYS", new SystemCall("", -1, List.of(0L, 0L, 0L, 0L, 0L, 0L)), "");
    }

    @Test
    void anOpenAttackNeedsAnExplanationForWhoeverMadeIt() {
        assertThat(report(OPEN, OPEN).holds(NOTHING)).isFalse();
        assertThat(report(OPEN, OPEN).holds(Explained.parse("attack\tplain\tgives nothing")))
                .isFalse();
        assertThat(report(OPEN, OPEN).holds(Explained.parse("attack\tboth\tgives nothing")))
                .isTrue();
    }

    @Test
    void aBlockedAttackNeedsAControlThatWorks() {
        assertThat(report(blocked(), OPEN).holds(NOTHING)).isTrue();
        assertThat(report(blocked(), new Outcome.Absent("ENOSYS")).holds(NOTHING))
                .isTrue();
        assertThat(report(blocked(), blocked()).holds(NOTHING)).isFalse();
        assertThat(report(blocked(), new Outcome.Untried("no place")).holds(NOTHING))
                .isFalse();
    }

    @Test
    void anAttackThatWasNotTriedIsNoWall() {
        assertThat(report(new Outcome.Untried("no place"), OPEN).holds(NOTHING)).isFalse();
    }

    @Test
    void anExplanationThatIsNoLongerNeededShows() {
        Explained explained = Explained.parse("attack\troot\tgives nothing");
        assertThat(report(blocked(), OPEN).stale(explained)).containsExactly(new Explained.Key("attack", As.ROOT));
        assertThat(report(OPEN, OPEN).stale(explained)).isEmpty();
        assertThat(report(blocked(), OPEN).stale(Explained.parse("attack\tplain\tgives nothing")))
                .as("nobody attacked as plain")
                .isEmpty();
    }

    @Test
    void anExplanationWithoutReasonIsRefused() {
        assertThatThrownBy(() -> Explained.parse("attack\troot")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Explained.parse("attack\troot\t ")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyExplanationOfThisBuildNamesAnAttack() throws IOException, InterruptedException {
        Battery battery = Battery.of(Path.of(System.getProperty("redoubt.native"), "redoubt-escape"));
        assertThat(battery.probes())
                .extracting(Probe::name)
                .containsAll(Explained.builtIn().reasons().keySet().stream()
                        .map(Explained.Key::probe)
                        .toList());
    }

    @Test
    void thePageForPeopleTellsTheSame() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("redoubt.home"), "SECURITY.md"));
        String rows = page.lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.substring(3, line.length() - 2)
                        .replaceFirst("` \\| ", "\t")
                        .replaceFirst(" \\| ", "\t"))
                .collect(Collectors.joining("\n"));
        assertThat(Explained.parse(rows)).isEqualTo(Explained.builtIn());
    }

    @Test
    void thePageOfTheBatteryCountsItsAttacks() throws IOException, InterruptedException {
        String page = Files.readString(Path.of(System.getProperty("redoubt.home"), "docs/escape-battery.md"));
        List<Probe> probes = Battery.of(Path.of(System.getProperty("redoubt.native"), "redoubt-escape"))
                .probes();
        probes.stream()
                .collect(Collectors.groupingBy(Probe::group, Collectors.counting()))
                .forEach((group, count) -> assertThat(page).contains("\n| " + group + " | " + count + " |"));
        assertThat(page).contains("\n" + probes.size() + " in all.");
    }

    @Test
    void theTableNamesTheLayerThatAloneHolds() {
        LayerTable table = new LayerTable(
                report(blocked(), OPEN),
                Map.of(Layer.CALLS, report(OPEN, OPEN), Layer.LANDLOCK, report(blocked(), OPEN)));
        assertThat(table.rows()).singleElement().satisfies(row -> {
            assertThat(row.alone()).isEqualTo(EnumSet.of(Layer.CALLS));
            assertThat(row.first()).isEqualTo("calls");
        });
        assertThat(table.markdown()).contains("| `attack` | root | calls | calls alone |");
    }
}
