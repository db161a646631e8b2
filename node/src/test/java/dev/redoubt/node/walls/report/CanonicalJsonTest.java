package dev.redoubt.node.walls.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

final class CanonicalJsonTest {
    /** RFC 8785, 3.2.3: the keys of its example in the order that it prescribes. */
    @Test
    void keysAreInTheOrderOfTheirCodeUnits() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("\u20ac", "Euro Sign");
        map.put("\r", "Carriage Return");
        map.put("\ufb33", "Hebrew Letter Dalet With Dagesh");
        map.put("1", "One");
        map.put("\ud83d\ude00", "Emoji: Grinning Face");
        map.put("\u0080", "Control");
        map.put("\u00f6", "Latin Small Letter O With Diaeresis");
        assertThat(CanonicalJson.of(map))
                .isEqualTo("{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
                        + "\"\u00f6\":\"Latin Small Letter O With Diaeresis\",\"\u20ac\":\"Euro Sign\","
                        + "\"\ud83d\ude00\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
    }

    /** RFC 8785, 3.2.2.2, with the string of its example. */
    @Test
    void stringsHaveTheFewestEscapes() {
        assertThat(CanonicalJson.of("\u20ac$\u000f\nA'B\"\\\\\"/\b\t\f\r"))
                .isEqualTo("\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\\b\\t\\f\\r\"");
    }

    @Test
    void whatIsReadAndWrittenAgainIsTheSame() {
        String text = "{\"a\":[],\"b\":{},\"c\":[true,false,-1,9007199254740992,\"x\"],\"d\":{\"e\":{\"f\":\"\\\\\"}}}";
        assertThat(CanonicalJson.of(JsonTree.of(new JsonMapper().readTree(text))))
                .isEqualTo(text);
    }

    @Test
    void whatHasNoOneFormIsRefused() {
        for (Object odd : new Object[] {1.5, (1L << 53) + 1, List.of(2.0f)}) {
            assertThatThrownBy(() -> CanonicalJson.of(odd)).isInstanceOf(IllegalArgumentException.class);
        }
        for (String odd : new String[] {"1.0", "null", "1e3", "123456789012345678901234567890"}) {
            assertThatThrownBy(() -> JsonTree.of(new JsonMapper().readTree(odd)))
                    .as(odd)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
