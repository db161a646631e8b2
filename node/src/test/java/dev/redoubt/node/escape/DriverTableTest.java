package dev.redoubt.node.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.protocol.Driver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
        assertThat(cells(table.getFirst())).containsExactly("attacks", "native", "crun", "gvisor");
        assertThat(table.stream().skip(2))
                .allSatisfy(line -> assertThat(cells(line).stream().skip(1))
                        .allMatch(cell -> cell.matches("[0-9]+ of [0-9]+(, [0-9]+ harmless)?(; [0-9]+ open)?")));
        assertThat(cells(table.getLast()).getFirst()).isEqualTo("all");
    }

    @Test
    void aLineForEachGroupAndOneForAll() {
        Report report = new Report(List.of(
                finding("a", "one", new Outcome.Blocked("EPERM", NONE, "")),
                finding("b", "one", new Outcome.Open("")),
                finding("c", "two", new Outcome.Harmless(""))));
        assertThat(new DriverTable(Map.of(Driver.NATIVE, report, Driver.CRUN, report)).text())
                .isEqualTo("""
                        | attacks | native | crun |
                        |---|---|---|
                        | one | 1 of 2; 1 open | 1 of 2; 1 open |
                        | two | 0 of 1, 1 harmless | 0 of 1, 1 harmless |
                        | all | 1 of 3, 1 harmless; 1 open | 1 of 3, 1 harmless; 1 open |
                        """);
    }

    private static Finding finding(String name, String group, Outcome outcome) {
        Probe probe = new Probe(name, group, "all", "", List.of(Layer.NAMESPACES), "");
        return new Finding(probe, As.PLAIN, outcome, new Outcome.Open(""), java.util.Optional.empty());
    }
}
