package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.protocol.Driver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The table of SECURITY.md that says what each driver blocks. */
class DriverTableTest {
    private static final SystemCall NONE = new SystemCall("", -1, List.of(0L, 0L, 0L, 0L, 0L, 0L));

    /** The groups for which the table has a cell of this driver, in its order. */
    static List<String> groupsOf(Driver driver) throws IOException {
        List<String> table = table();
        int column = cells(table.getFirst()).indexOf(driver.toString());
        assertThat(column).as("a column of %s", driver).isPositive();
        return table.stream()
                .skip(2)
                .map(DriverTableTest::cells)
                .filter(cells ->
                        !cells.getFirst().equals("all") && !cells.get(column).isEmpty())
                .map(List::getFirst)
                .toList();
    }

    private static List<String> table() throws IOException {
        return Files.readAllLines(Path.of(System.getProperty("redoubt.home", ".."), "SECURITY.md")).stream()
                .dropWhile(line -> !line.startsWith("| attacks |"))
                .takeWhile(line -> line.startsWith("|"))
                .toList();
    }

    private static List<String> cells(String line) {
        return Arrays.stream(line.split("\\|", -1))
                .map(String::strip)
                .toList()
                .subList(1, line.split("\\|", -1).length - 1);
    }

    /** It was made by the command that it names, so every number is one of a run. */
    @Test
    void everyCellSaysHowManyOfHowMany() throws IOException {
        List<String> table = table();
        assertThat(cells(table.getFirst())).containsExactly("attacks", "native", "crun", "gvisor", "absent here");
        assertThat(table.stream().skip(2)).allSatisfy(line -> {
            assertThat(cells(line).subList(1, 4))
                    .allMatch(cell -> cell.matches("[0-9]+ of [0-9]+(, [0-9]+ harmless)?(; [0-9]+ open)?"));
            assertThat(cells(line).getLast()).matches("[0-9]+");
        });
        assertThat(cells(table.getLast()).getFirst()).isEqualTo("all");
    }

    @Test
    void aLineForEachGroupAndOneForAll() {
        Report report = new Report(List.of(
                finding("a", "one", new Outcome.Blocked("EPERM", NONE, "")),
                finding("b", "one", new Outcome.Open("")),
                finding("c", "two", new Outcome.Harmless("")),
                new Finding(
                        probe("d", "two"),
                        As.PLAIN,
                        new Outcome.Blocked("ENODEV", NONE, ""),
                        new Outcome.Absent("ENODEV"),
                        Optional.empty())));
        assertThat(new DriverTable(Map.of(Driver.NATIVE, report, Driver.CRUN, report)).text())
                .isEqualTo("""
                        | attacks | native | crun | absent here |
                        |---|---|---|---|
                        | one | 1 of 2; 1 open | 1 of 2; 1 open | 0 |
                        | two | 1 of 2, 1 harmless | 1 of 2, 1 harmless | 1 |
                        | all | 2 of 4, 1 harmless; 1 open | 2 of 4, 1 harmless; 1 open | 1 |
                        """);
    }

    private static Finding finding(String name, String group, Outcome outcome) {
        return new Finding(probe(name, group), As.PLAIN, outcome, new Outcome.Open(""), Optional.empty());
    }

    private static Probe probe(String name, String group) {
        return new Probe(name, group, "all", "", List.of(Layer.NAMESPACES), "");
    }
}
