package dev.redoubt.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SandboxIdTest {
    @Test
    void randomOnesAreValidAndDiffer() {
        assertThat(IntStream.range(0, 2000).mapToObj(i -> SandboxId.random()).distinct())
                .hasSize(2000)
                .allMatch(id -> id.value().matches("sbx_[a-z2-7]{25}[aeimquy4]"));
    }

    @Test
    void everyCharacterVaries() {
        for (int place = 4; place < 30; place++) {
            int at = place;
            assertThat(IntStream.range(0, 200)
                            .mapToObj(i -> SandboxId.random().value().charAt(at))
                            .distinct())
                    .hasSizeGreaterThan(4);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "sbx_",
                "sbx_aaaaaaaaaaaaaaaaaaaaaaaaa",
                "sbx_aaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "job_aaaaaaaaaaaaaaaaaaaaaaaaaa",
                "sbx_Aaaaaaaaaaaaaaaaaaaaaaaaaa",
                "sbx_aaaaaaaaaaaa/aaaaaaaaaaaaa",
                "sbx_aaaaaaaaaaaaaaaaaaaaaaaaab",
                "sbx-aaaaaaaaaaaaaaaaaaaaaaaaaa",
                "sbx_1aaaaaaaaaaaaaaaaaaaaaaaaa"
            })
    void refuses(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> new SandboxId(text));
    }
}
