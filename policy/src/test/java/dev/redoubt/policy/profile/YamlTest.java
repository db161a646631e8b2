package dev.redoubt.policy.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class YamlTest {
    private static Value.Fields read(String text) {
        return Yaml.read(text, new Findings("p.yaml"));
    }

    private static Value.Field field(Value.Fields fields, String name) {
        return Objects.requireNonNull(fields.byName().get(name));
    }

    private static String complaint(String text) {
        ProfileException refused = catchThrowableOfType(ProfileException.class, () -> read(text));
        assertThat(refused).as(text).isNotNull();
        assertThat(refused.complaints()).hasSize(1);
        return refused.complaints().getFirst().toString();
    }

    @Test
    void everyScalarIsItsTextAndHasItsPlace() {
        Value.Fields fields = read("""
                a: null
                b: [1.50, 'yes', "x\\ty"]
                c:
                  ☃ é: 0x10
                """);
        assertThat(fields.byName().keySet()).containsExactly("a", "b", "c");
        assertThat(field(fields, "a").value()).isEqualTo(new Value.Scalar(new Place(1, 4), "null"));
        assertThat(((Value.Items) field(fields, "b").value()).values())
                .containsExactly(
                        new Value.Scalar(new Place(2, 5), "1.50"),
                        new Value.Scalar(new Place(2, 11), "yes"),
                        new Value.Scalar(new Place(2, 18), "x\ty"));
        Value.Fields inner = (Value.Fields) field(fields, "c").value();
        assertThat(field(inner, "☃ é").place()).isEqualTo(new Place(4, 3));
        assertThat(field(inner, "☃ é").value()).isEqualTo(new Value.Scalar(new Place(4, 8), "0x10"));
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                Arguments.of("", "p.yaml:1:1: the profile is empty"),
                Arguments.of("# nothing\n", "p.yaml:1:1: the profile is empty"),
                Arguments.of(
                        "just words",
                        "p.yaml:1:1: a profile is a mapping of keys to values, not the value 'just words'"),
                Arguments.of("- a\n", "p.yaml:1:1: a profile is a mapping of keys to values, not a list"),
                Arguments.of("a: b\n---\nc: d\n", "p.yaml:2:1: a second document; a profile is one"),
                Arguments.of("a: b\nb: c\na: d\n", "p.yaml:3:1: the key 'a' again; it stands in line 1 already"),
                Arguments.of("x:\n  a: 1\n  'a': 2\n", "p.yaml:3:3: the key 'a' again; it stands in line 2 already"),
                Arguments.of(
                        "a: &x [1]\n",
                        "p.yaml:1:4: an anchor; anchors and aliases are not read in profiles: use extends"),
                Arguments.of(
                        "a: *x\n", "p.yaml:1:4: an alias; anchors and aliases are not read in profiles: use extends"),
                Arguments.of(
                        "a: !!python/object x\n",
                        "p.yaml:1:4: a tag (tag:yaml.org,2002:python/object); profiles have none"),
                Arguments.of("? [a]\n: b\n", "p.yaml:1:3: a key that is no word"),
                Arguments.of("a: b\0\n", "p.yaml:1:5: the character U+0000 cannot stand in YAML"),
                Arguments.of("\nx\u001b[2J: b\n", "p.yaml:2:2: the character U+001B cannot stand in YAML"),
                Arguments.of("\ufeffa: b\n", "p.yaml:1:1: the character U+FEFF cannot stand in YAML"),
                Arguments.of("a: \ud800\n", "p.yaml:1:4: the character U+D800 cannot stand in YAML"));
    }

    @ParameterizedTest
    @MethodSource
    void refused(String text, String complaint) {
        assertThat(complaint(text)).isEqualTo(complaint);
    }

    @Test
    void whatIsNotYamlSaysWhere() {
        assertThat(complaint("a: [1, 2\nb: c\n")).startsWith("p.yaml:2:2: not YAML: ");
        assertThat(complaint("a: b\n\tc: d\n")).startsWith("p.yaml:2:1: not YAML: ");
        assertThat(complaint("a: 'x\n")).startsWith("p.yaml:2:1: not YAML: ");
        assertThat(complaint("%YAML 3.0\n---\na: b\n")).contains(": not YAML: ");
    }

    /** A few lines that other readers expand to gigabytes, or recurse on. */
    @Test
    @Timeout(10)
    void bombsAreRefusedAtOnce() {
        StringBuilder laughs = new StringBuilder("a: &a [lol]\n");
        for (char c = 'b'; c < 'k'; c++) {
            laughs.append("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c]\n"
                    .formatted(c, c, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1));
        }
        assertThat(complaint(laughs.toString())).startsWith("p.yaml:1:4: an anchor");
        assertThat(complaint("a: " + "[".repeat(100_000))).contains("nested deeper than 12 levels");
        assertThat(complaint("a: " + "{b: ".repeat(50_000))).contains("nested deeper than 12 levels");
        assertThat(complaint("a: [" + "x,".repeat(100_000) + "]")).contains("more than 20000 values");
        assertThat(complaint("#" + "x".repeat(10_000_000)))
                .isEqualTo("p.yaml:1:1: a profile of 10000001 characters; at most 262144");
        long started = System.nanoTime();
        assertThat(complaint("a" + " ".repeat(200_000) + "\n")).contains("a mapping");
        assertThat(complaint("\"" + "\\u0041".repeat(40_000) + "\"")).contains("a mapping");
        assertThat(complaint("? ".repeat(100_000))).isNotEmpty();
        assertThat(complaint("- ".repeat(100_000))).isNotEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(5));
    }
}
