package dev.redoubt.node.journal;

import dev.redoubt.node.data.ResourceName;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.protocol.SandboxId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One sandbox in the journal, written before the first of its parts is made.
 *
 * @param number the spawner's number of it
 * @param resources the name of its control group and of its disk
 * @param facts what else a later node must know, by name; values have no line break
 */
public record Entry(SandboxId id, long number, IdRange range, String resources, Map<String, String> facts) {
    private static final String HEADER = "redoubt sandbox 1";

    public Entry {
        ResourceName.check(resources);
        facts = Map.copyOf(facts);
        facts.forEach((name, value) -> {
            if (!name.matches("[a-z]+") || value.indexOf('\n') >= 0) {
                throw new IllegalArgumentException("fact " + name + " is not a plain name and one line");
            }
        });
    }

    /** The same with more facts. */
    public Entry with(Map<String, String> others) {
        Map<String, String> more = new TreeMap<>(facts);
        more.putAll(others);
        return new Entry(id, number, range, resources, more);
    }

    String text() {
        StringBuilder text = new StringBuilder(HEADER)
                .append("\nid=")
                .append(id.value())
                .append("\nnumber=")
                .append(number)
                .append("\nrange=")
                .append(range.index())
                .append("\nresources=")
                .append(resources);
        new TreeMap<>(facts)
                .forEach((name, value) ->
                        text.append("\nfact.").append(name).append('=').append(value));
        return text.append('\n').toString();
    }

    /**
     * Reads an entry back.
     *
     * @throws IllegalArgumentException when it is not one
     */
    static Entry parse(String text) {
        List<String> lines = new ArrayList<>(text.lines().toList());
        if (lines.isEmpty() || !lines.removeFirst().equals(HEADER) || !text.endsWith("\n")) {
            throw new IllegalArgumentException("not a journal entry of this version");
        }
        Map<String, String> values = new TreeMap<>();
        Map<String, String> facts = new TreeMap<>();
        for (String line : lines) {
            int equals = line.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("a line without a value: " + line);
            }
            String name = line.substring(0, equals);
            Map<String, String> to = name.startsWith("fact.") ? facts : values;
            to.put(name.startsWith("fact.") ? name.substring(5) : name, line.substring(equals + 1));
        }
        return new Entry(
                new SandboxId(needed(values, "id")),
                Long.parseLong(needed(values, "number")),
                new IdRange(Integer.parseInt(needed(values, "range"))),
                needed(values, "resources"),
                facts);
    }

    private static String needed(Map<String, String> values, String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no " + name);
        }
        return value;
    }
}
