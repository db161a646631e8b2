package dev.redoubt.node.walls.report;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * /proc/PID/status (proc_pid_status(5)) by its labels.
 *
 * <p>The first line is the process's own to choose. The kernel writes a line break in it as {@code \n}, so that it stays one
 * line; all the same no label may stand there twice.
 */
final class StatusFields {
    private final Map<String, String> fields = new HashMap<>();

    /** @throws IllegalArgumentException when it is not such a file */
    StatusFields(String text) {
        text.lines().forEach(this::add);
    }

    private void add(String line) {
        int colon = line.indexOf(':');
        boolean last = colon == line.length() - 1; // x86_Thread_features_locked of nothing, stripped
        if (colon < 1 || !(last || line.charAt(colon + 1) == '\t')) {
            throw new IllegalArgumentException("a status with a line that has no label");
        }
        String label = line.substring(0, colon);
        if (fields.put(label, line.substring(colon + 1).strip()) != null) {
            throw new IllegalArgumentException("a status with two lines " + PlainText.of(label));
        }
    }

    /** @throws IllegalArgumentException when there is none of that label */
    String text(String label) {
        String value = fields.get(label);
        if (value == null) {
            throw new IllegalArgumentException("a status without " + label);
        }
        return value;
    }

    int number(String label) {
        return Integer.parseInt(text(label));
    }

    /** A set of capabilities. */
    long mask(String label) {
        return Long.parseUnsignedLong(text(label), 16);
    }

    List<String> words(String label) {
        String value = text(label);
        return value.isEmpty() ? List.of() : Arrays.asList(value.split("\\s+", -1));
    }
}
