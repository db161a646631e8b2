package dev.redoubt.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CpusTest {
    @ParameterizedTest
    @CsvSource({"1,1000,1", "1.5,1500,1.5", "0.01,10,0.01", "0.250,250,0.25", "1024,1024000,1024", "10,10000,10"})
    void readsAndWrites(String text, int millis, String written) {
        assertThat(Cpus.parse(text)).isEqualTo(new Cpus(millis)).hasToString(written);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0.009", "-1", "1,5", "1.2345", "1025", "100m", "NaN", " 1"})
    void refuses(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Cpus.parse(text));
    }
}
