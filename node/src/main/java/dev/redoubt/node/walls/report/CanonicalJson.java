package dev.redoubt.node.walls.report;

import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * JSON of which there is one form only (RFC 8785): no white space, keys in the order of their UTF-16 code units, strings with
 * as few escapes as there can be. Of numbers only whole ones that every reader takes for the same (up to 2^53).
 */
final class CanonicalJson {
    private static final long MOST = 1L << 53;

    private final StringBuilder out = new StringBuilder();

    private CanonicalJson() {}

    /**
     * The text of maps with strings for keys, lists, strings, whole numbers and truth values.
     *
     * @throws IllegalArgumentException for anything else
     */
    static String of(Object value) {
        CanonicalJson json = new CanonicalJson();
        json.write(value);
        return json.out.toString();
    }

    private void write(Object value) {
        switch (value) {
            case Map<?, ?> map -> object(map);
            case Collection<?> list -> array(list);
            case String text -> string(text);
            case Boolean truth -> out.append(truth);
            case Integer number -> out.append(number);
            case Long number when Math.abs(number) <= MOST -> out.append(number);
            default -> throw new IllegalArgumentException("has no canonical form: " + value);
        }
    }

    private void object(Map<?, ?> map) {
        SortedMap<String, Object> sorted = new TreeMap<>(); // String's order is that of its UTF-16 code units
        map.forEach((key, value) -> sorted.put((String) key, value));
        char before = '{';
        for (Map.Entry<String, Object> entry : sorted.entrySet()) {
            out.append(before);
            string(entry.getKey());
            out.append(':');
            write(entry.getValue());
            before = ',';
        }
        out.append(sorted.isEmpty() ? "{}" : "}");
    }

    private void array(Collection<?> list) {
        char before = '[';
        for (Object value : list) {
            out.append(before);
            write(value);
            before = ',';
        }
        out.append(list.isEmpty() ? "[]" : "]");
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            character(text.charAt(i));
        }
        out.append('"');
    }

    private void character(char c) {
        switch (c) {
            case '"', '\\' -> out.append('\\').append(c);
            case '\b' -> out.append("\\b");
            case '\t' -> out.append("\\t");
            case '\n' -> out.append("\\n");
            case '\f' -> out.append("\\f");
            case '\r' -> out.append("\\r");
            default -> {
                if (c < ' ') {
                    out.append("\\u%04x".formatted((int) c));
                } else {
                    out.append(c);
                }
            }
        }
    }
}
