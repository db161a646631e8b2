package dev.redoubt.app;

import dev.redoubt.node.guest.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An environment in which each name stands once. */
final class Environment {
    private Environment() {}

    /** The last of each name, in the order in which the names first came. */
    static List<Bytes> lastOfEach(List<Bytes> variables) {
        Map<String, Bytes> byName = new LinkedHashMap<>();
        for (Bytes variable : variables) {
            String text = new String(variable.toArray(), StandardCharsets.ISO_8859_1);
            byName.put(text.substring(0, text.indexOf('=')), variable);
        }
        return new ArrayList<>(byName.values());
    }
}
