package dev.redoubt.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ResultTest {
    @Test
    void percentilesAreMeasuredValues() {
        Result result = Result.of("redoubt", "case", Unit.MILLISECONDS, samples(100));

        assertThat(result.n()).isEqualTo(100);
        assertThat(result.min()).isEqualTo(1);
        assertThat(result.median()).isEqualTo(50);
        assertThat(result.p95()).isEqualTo(95);
        assertThat(result.p99()).isEqualTo(99);
        assertThat(result.max()).isEqualTo(100);
    }

    @Test
    void oneSampleIsAllOfThem() {
        Result result = Result.of("redoubt", "case", Unit.COUNT, List.of(new Result.Sample(7, false)));

        assertThat(List.of(result.min(), result.median(), result.p95(), result.p99(), result.max()))
                .containsOnly(7.0);
        assertThat(result.noisy()).isEqualTo(1);
    }

    @Test
    void nothingIsNoResult() {
        assertThatThrownBy(() -> Result.of("redoubt", "case", Unit.COUNT, List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void jsonHasTheNamesOfTheFormat() {
        JsonMapper mapper = JsonMapper.builder().build();

        JsonNode json =
                mapper.readTree(mapper.writeValueAsString(Result.of("redoubt", "cold", Unit.PER_SECOND, samples(3))));

        assertThat(json.propertyNames())
                .containsExactlyInAnyOrder(
                        "subject", "case", "unit", "n", "min", "median", "p95", "p99", "max", "noisy");
        assertThat(json.get("unit").asString()).isEqualTo("1/s");
    }

    private static List<Result.Sample> samples(int count) {
        List<Result.Sample> samples = new ArrayList<>();
        for (int value = count; value > 0; value--) {
            samples.add(new Result.Sample(value, true));
        }
        return samples;
    }
}
