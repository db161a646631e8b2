package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The documents point at things that exist, and the specification names tests that exist. */
class DocumentsTest {
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)#\\s]+)(#[^)]*)?\\)");
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*Test)(?:#(\\w+))?`");
    private static final Path SPECIFICATION = Checkout.HOME.resolve("SPECIFICATION.md");

    @Test
    void everyRelativeLinkLeadsSomewhere() throws IOException {
        List<String> dead = new ArrayList<>();
        for (Path document : documents()) {
            Matcher link = LINK.matcher(Files.readString(document));
            while (link.find()) {
                String target = link.group(1);
                if (!target.contains("://") && !Files.exists(document.resolveSibling(target))) {
                    dead.add(Checkout.HOME.relativize(document) + " -> " + target);
                }
            }
        }
        assertThat(dead).isEmpty();
    }

    @Test
    void everyTestThatTheSpecificationNamesExists() throws IOException {
        Map<String, String> tests = tests();
        List<String> unknown = new ArrayList<>();
        Matcher named = TEST.matcher(Files.readString(SPECIFICATION));
        int count = 0;
        while (named.find()) {
            count++;
            String source = tests.get(named.group(1));
            if (source == null || (named.group(2) != null && !source.contains(" " + named.group(2) + "("))) {
                unknown.add(named.group());
            }
        }
        assertThat(unknown).isEmpty();
        assertThat(count).isPositive();
    }

    /** The ids of the feature table are the rows' names for ever. */
    @Test
    void everyRowHasALine() throws IOException {
        String specification = Files.readString(SPECIFICATION);
        Map<String, Integer> rows =
                new TreeMap<>(Map.of("W", 18, "N", 12, "G", 15, "I", 14, "A", 6, "S", 4, "J", 10, "R", 5, "O", 10));
        rows.forEach((group, last) -> {
            for (int number = 1; number <= last; number++) {
                assertThat(specification).contains("\n| " + group + number + " |");
            }
        });
    }

    /** Names of tests, with their sources. */
    private static Map<String, String> tests() throws IOException {
        Map<String, String> tests = new TreeMap<>();
        for (Path directory : Checkout.ofModules("src/test/java")) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.filter(path -> path.toString().endsWith("Test.java"))
                        .toList()) {
                    tests.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
        return tests;
    }

    private static List<Path> documents() throws IOException {
        try (Stream<Path> top = Files.list(Checkout.HOME);
                Stream<Path> docs = Files.walk(Checkout.HOME.resolve("docs"))) {
            List<Path> all = Stream.concat(top, docs)
                    .filter(path -> path.toString().endsWith(".md"))
                    .toList();
            assertThat(all).hasSizeGreaterThan(5);
            return all;
        }
    }
}
