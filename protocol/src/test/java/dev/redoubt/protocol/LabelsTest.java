package dev.redoubt.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LabelsTest {
    @Test
    void anyTextIsAValue() {
        Labels labels = new Labels(Map.of("ci.example/job", "größe = 5", "empty", ""));
        assertThat(labels.byName()).containsEntry("ci.example/job", "größe = 5").containsEntry("empty", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-a", "a b", "a=b", "ä", "a\n"})
    void aNameThatIsNoneIsRefused(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Labels(Map.of(name, "value")))
                .withMessageContaining("label '" + name + "' is not");
    }

    @Test
    void whatWouldBreakALineOrAListIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Labels(Map.of("a", "b\nc")))
                .withMessageContaining("control character");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Labels(Map.of("a", "x".repeat(1024))))
                .withMessage("labels of 1025 bytes together; at most 1024");
        Map<String, String> many = IntStream.range(0, 65).boxed().collect(Collectors.toMap(i -> "n" + i, _ -> ""));
        assertThatIllegalArgumentException().isThrownBy(() -> new Labels(many)).withMessage("65 labels; at most 64");
    }
}
