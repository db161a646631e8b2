package dev.redoubt.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Notes of its maker on a sandbox, by name; they decide nothing.
 *
 * <p>Small enough to be listed with every sandbox: at most {@value #MOST}, names of 1 to 63 letters, digits and {@code . _ / -}, beginning with a
 * letter or digit; values without control characters; all together at most {@value #MOST_BYTES} bytes of UTF-8.
 */
public record Labels(SortedMap<String, String> byName) {
    public static final Labels NONE = new Labels(Map.of());

    public static final int MOST = 64;
    static final int MOST_BYTES = 1024;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,62}");

    public Labels {
        byName = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(byName));
        if (byName.size() > MOST) {
            throw new IllegalArgumentException(byName.size() + " labels; at most " + MOST);
        }
        int bytes = 0;
        for (Map.Entry<String, String> label : byName.entrySet()) {
            check(label.getKey(), label.getValue());
            bytes += label.getKey().length() + label.getValue().getBytes(StandardCharsets.UTF_8).length;
        }
        if (bytes > MOST_BYTES) {
            throw new IllegalArgumentException("labels of " + bytes + " bytes together; at most " + MOST_BYTES);
        }
    }

    /** @throws IllegalArgumentException saying which name or value is none */
    public Labels(Map<String, String> byName) {
        this(new TreeMap<>(byName));
    }

    private static void check(String name, String value) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "label '" + name + "' is not 1 to 63 letters, digits and . _ / -, the first a letter or digit");
        }
        if (value.codePoints().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("the value of label " + name + " has a control character");
        }
    }

    public boolean isEmpty() {
        return byName.isEmpty();
    }
}
