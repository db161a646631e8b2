package dev.redoubt.policy.profile;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes maps, lists, texts and numbers as YAML: keys on lines of their own, lists of words and small maps in one line. */
final class YamlText {
    private static final int LINE = 100;
    /** What other readers of YAML would take for something else than a text. */
    private static final Set<String> NO_TEXTS = Set.of("null", "true", "false", "yes", "no", "on", "off", "y", "n");

    private final StringBuilder out = new StringBuilder();

    private YamlText() {}

    static String of(Map<String, Object> tree) {
        if (tree.isEmpty()) {
            return "{}\n";
        }
        YamlText text = new YamlText();
        text.fields(tree, "");
        return text.out.toString();
    }

    private void fields(Map<?, ?> fields, String indent) {
        fields.forEach((key, value) -> field(key + ":", value, indent));
    }

    private void field(String key, Object value, String indent) {
        if (value instanceof Map<?, ?> map) {
            line(indent + key);
            fields(map, indent + "  ");
        } else if (value instanceof List<?> list && !fitsOneLine(list, indent + key)) {
            line(indent + key);
            list.forEach(item -> line(indent + "  - " + flow(item)));
        } else {
            line(indent + key + " " + flow(value));
        }
    }

    private static boolean fitsOneLine(List<?> list, String before) {
        return list.stream().noneMatch(Map.class::isInstance)
                && before.length() + flow(list).length() < LINE;
    }

    private static String flow(Object value) {
        return switch (value) {
            case List<?> list -> list.stream().map(YamlText::flow).collect(Collectors.joining(", ", "[", "]"));
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .map(field -> field.getKey() + ": " + flow(field.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
            case String text -> scalar(text);
            default -> value.toString();
        };
    }

    private static String scalar(String text) {
        boolean plain = text.matches("[A-Za-z0-9/][A-Za-z0-9/._-]*") && !NO_TEXTS.contains(text);
        return plain ? text : quoted(text);
    }

    /** In double quotes, which can hold everything. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(character -> {
            if (character == '"' || character == '\\') {
                quoted.append('\\').appendCodePoint(character);
            } else if (character >= 0x20 && character < 0x7f) {
                quoted.appendCodePoint(character);
            } else {
                quoted.append("\\U%08X".formatted(character));
            }
        });
        return quoted.append('"').toString();
    }

    private void line(String text) {
        out.append(text).append('\n');
    }
}
