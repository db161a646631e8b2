package dev.redoubt.node.escape;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the battery prints, one line of JSON each. Inside a sandbox it is a stranger's output: a line that is not of
 * this shape is an {@link IllegalArgumentException}, never a guess.
 */
final class BatteryText {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final int HEXADECIMAL = 16;

    private BatteryText() {}

    /** A probe's name with what came of it. */
    record Line(String name, Outcome outcome) {}

    static List<Probe> probes(String text) {
        return lines(text).map(BatteryText::probe).toList();
    }

    /** The whole lines of a run; a last one without its newline was cut off by the end of the sandbox. */
    static List<Line> run(String text) {
        int whole = text.lastIndexOf('\n') + 1;
        return lines(text.substring(0, whole)).map(BatteryText::outcome).toList();
    }

    private static Stream<JsonNode> lines(String text) {
        return text.lines().filter(line -> !line.isBlank()).map(BatteryText::parse);
    }

    private static JsonNode parse(String line) {
        try {
            return MAPPER.readTree(line);
        } catch (JacksonException notJson) {
            throw new IllegalArgumentException("not a line of the battery: " + line, notJson);
        }
    }

    private static Probe probe(JsonNode line) {
        return new Probe(
                word(line, "name"),
                word(line, "group"),
                word(line, "gain"),
                word(line, "cve"),
                Layer.ofLetters(word(line, "walls")),
                word(line, "weak"));
    }

    private static Line outcome(JsonNode line) {
        String note = word(line, "note");
        String error = word(line, "errno");
        Outcome outcome = switch (word(line, "outcome")) {
            case "open" -> new Outcome.Open(note);
            case "blocked" -> new Outcome.Blocked(error, call(line), note);
            case "harmless" -> new Outcome.Harmless(note);
            case "absent" -> new Outcome.Absent(error);
            case "untried" -> new Outcome.Untried(note);
            default -> throw new IllegalArgumentException("not an outcome: " + line);
        };
        return new Line(word(line, "name"), outcome);
    }

    private static SystemCall call(JsonNode line) {
        List<Long> arguments = new ArrayList<>();
        for (JsonNode argument : member(line, "arguments")) {
            arguments.add(Long.parseUnsignedLong(argument.asString(), HEXADECIMAL));
        }
        // An attack on the filter may use a number wider than 32 bits, of which the kernel takes the lower half
        int number = (int) member(line, "number").asLong();
        return new SystemCall(word(line, "syscall"), number, arguments);
    }

    private static String word(JsonNode line, String key) {
        return member(line, key).asString();
    }

    private static JsonNode member(JsonNode line, String key) {
        JsonNode member = line.get(key);
        if (member == null) {
            throw new IllegalArgumentException("no " + key + " in " + line);
        }
        return member;
    }
}
