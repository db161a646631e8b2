package dev.redoubt.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SizeTest {
    @ParameterizedTest
    @CsvSource({
        "0,0", "4096,4096", "512M,536870912", "512Mi,536870912", "512mib,536870912", "1g,1073741824",
        "1.5G,1610612736", "64Ki,65536", "2T,2199023255552", "' 1K ',1024", "8P,9007199254740992", "10B,10"
    })
    void reads(String text, long bytes) {
        assertThat(Size.parse(text)).isEqualTo(Size.ofBytes(bytes));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "M",
                "-1",
                "1 M",
                "1X",
                "1.0000000001G",
                "0.3",
                "9223372036854775808",
                "9999999P",
                "1e3",
                "0x10",
                "١"
            })
    void refuses(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Size.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1000", "1K", "1536M", "512M", "3G", "7T", "1P"})
    void writesWhatItReads(String text) {
        assertThat(Size.parse(text)).hasToString(text);
    }
}
