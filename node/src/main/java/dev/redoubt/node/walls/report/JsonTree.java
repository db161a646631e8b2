package dev.redoubt.node.walls.report;

import dev.redoubt.protocol.SandboxId;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/** Reports that were read. */
final class JsonTree {
    private JsonTree() {}

    /**
     * As {@link CanonicalJson} writes it.
     *
     * @throws IllegalArgumentException when there is a number in it that is not whole, or null
     */
    static Object of(JsonNode node) {
        if (node.isObject()) {
            Map<String, Object> map = new TreeMap<>();
            node.properties().forEach(entry -> map.put(entry.getKey(), of(entry.getValue())));
            return map;
        }
        if (node.isArray()) {
            List<Object> list = new ArrayList<>();
            node.forEach(element -> list.add(of(element)));
            return list;
        }
        if (node.isString()) {
            return node.stringValue();
        }
        if (node.isBoolean()) {
            return node.booleanValue();
        }
        if (node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        throw new IllegalArgumentException("a value that has no canonical form");
    }

    /** @throws IllegalArgumentException when it is no report of this version */
    static WallsReport report(JsonNode tree) {
        if (!text(tree, "schema").equals(WallsReport.SCHEMA)) {
            throw new IllegalArgumentException("a report of another version");
        }
        return new WallsReport(
                new SandboxId(text(tree, "sandbox")),
                time(tree),
                text(tree, "driver"),
                text(tree, "kernel"),
                text(tree, "profile"),
                tree.required("sharedKernelAccepted").booleanValue(),
                tree.required("processes").intValue(),
                tree.required("frozen").booleanValue(),
                list(tree.required("walls"), JsonTree::wall),
                list(tree.required("events"), JsonTree::event));
    }

    private static WallFindings wall(JsonNode tree) {
        return new WallFindings(
                named(Wall.values(), text(tree, "wall")),
                text(tree, "summary"),
                list(tree.required("findings"), JsonTree::finding));
    }

    private static Finding finding(JsonNode tree) {
        return new Finding(
                text(tree, "of"),
                text(tree, "what"),
                text(tree, "asked"),
                text(tree, "found"),
                named(Verdict.values(), text(tree, "verdict")),
                named(Proof.values(), text(tree, "proof")));
    }

    private static WallsEvent event(JsonNode tree) {
        return new WallsEvent(
                time(tree),
                named(WallsEvent.Kind.values(), text(tree, "kind")),
                list(tree.required("words"), JsonNode::stringValue));
    }

    private static Instant time(JsonNode tree) {
        try {
            return Instant.parse(text(tree, "at"));
        } catch (DateTimeException malformed) {
            throw new IllegalArgumentException("not a time", malformed);
        }
    }

    private static <E extends Enum<E>> E named(E[] values, String name) {
        for (E value : values) {
            if (value.toString().equals(name)) {
                return value;
            }
        }
        throw new IllegalArgumentException("an unknown word " + PlainText.of(name));
    }

    private static String text(JsonNode tree, String key) {
        return tree.required(key).stringValue();
    }

    private static <T> List<T> list(JsonNode array, Function<JsonNode, T> element) {
        return StreamSupport.stream(array.spliterator(), false).map(element).toList();
    }
}
