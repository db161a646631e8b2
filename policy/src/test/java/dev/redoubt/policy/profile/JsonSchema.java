package dev.redoubt.policy.profile;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** As much of JSON Schema 2020-12 as our schema uses; a word that it does not know is a failure, never ignored. */
final class JsonSchema {
    private static final Set<String> SILENT = Set.of("$schema", "$id", "$defs", "title", "description");

    private final Map<String, Object> root;

    JsonSchema(Map<String, Object> root) {
        this.root = root;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(@Nullable Object value) {
        return (Map<String, Object>) Objects.requireNonNull(value);
    }

    static List<?> list(@Nullable Object value) {
        return (List<?>) Objects.requireNonNull(value);
    }

    /** What a {@code $ref} leads to, with what stands beside it; the same schema where there is none. */
    Map<String, Object> resolve(Map<String, Object> schema) {
        if (!schema.containsKey("$ref")) {
            return schema;
        }
        String[] path = String.valueOf(schema.get("$ref")).split("/");
        Map<String, Object> all = new TreeMap<>(object(object(root.get("$defs")).get(path[path.length - 1])));
        schema.forEach(all::putIfAbsent);
        all.remove("$ref");
        return all;
    }

    List<String> mistakes(Object document) {
        List<String> mistakes = new ArrayList<>();
        check(root, document, "", mistakes);
        return mistakes;
    }

    private void check(Map<String, Object> unresolved, Object value, String at, List<String> mistakes) {
        Map<String, Object> schema = resolve(unresolved);
        for (Map.Entry<String, Object> word : schema.entrySet()) {
            if (!SILENT.contains(word.getKey())
                    && !holds(schema, word.getKey(), word.getValue(), value, at, mistakes)) {
                mistakes.add(at + ": " + word.getKey() + " " + word.getValue() + " for " + value);
            }
        }
    }

    private boolean holds(
            Map<String, Object> schema, String word, Object wanted, Object value, String at, List<String> mistakes) {
        return switch (word) {
            case "type" ->
                (wanted instanceof List<?> types ? types : List.of(wanted))
                        .stream().anyMatch(type -> isType(String.valueOf(type), value));
            case "enum" -> ((List<?>) wanted).contains(value);
            case "pattern" ->
                !(value instanceof String text)
                        || Pattern.compile(String.valueOf(wanted)).matcher(text).find();
            case "minLength" -> !(value instanceof String text) || text.length() >= number(wanted);
            case "maxLength" -> !(value instanceof String text) || text.length() <= number(wanted);
            case "minimum" -> !(value instanceof Number number) || number.doubleValue() >= number(wanted);
            case "maximum" -> !(value instanceof Number number) || number.doubleValue() <= number(wanted);
            case "minItems" -> !(value instanceof List<?> list) || list.size() >= number(wanted);
            case "maxItems" -> !(value instanceof List<?> list) || list.size() <= number(wanted);
            case "uniqueItems" -> !(value instanceof List<?> list) || new HashSet<>(list).size() == list.size();
            case "minProperties" -> !(value instanceof Map<?, ?> map) || map.size() >= number(wanted);
            case "required" -> !(value instanceof Map<?, ?> map) || map.keySet().containsAll((List<?>) wanted);
            case "items" -> {
                if (value instanceof List<?> list) {
                    list.forEach(item -> check(object(wanted), item, at + "[]", mistakes));
                }
                yield true;
            }
            case "properties" -> {
                if (value instanceof Map<?, ?> map) {
                    object(wanted).forEach((key, of) -> {
                        if (map.containsKey(key)) {
                            check(object(of), map.get(key), at + "/" + key, mistakes);
                        }
                    });
                }
                yield true;
            }
            case "additionalProperties" -> others(schema, wanted, value, at, mistakes);
            case "anyOf" ->
                ((List<?>) wanted).stream().anyMatch(one -> {
                    List<String> ofOne = new ArrayList<>();
                    check(object(one), value, at, ofOne);
                    return ofOne.isEmpty();
                });
            default -> throw new AssertionError("the schema uses " + word + ", which this test does not know");
        };
    }

    private boolean others(Map<String, Object> schema, Object wanted, Object value, String at, List<String> mistakes) {
        if (!(value instanceof Map<?, ?> map)) {
            return true;
        }
        Set<?> known = schema.containsKey("properties")
                ? object(schema.get("properties")).keySet()
                : Set.of();
        boolean allowed = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (known.contains(entry.getKey())) {
                continue;
            }
            if (Boolean.FALSE.equals(wanted)) {
                allowed = false;
            } else {
                check(object(wanted), entry.getValue(), at + "/" + entry.getKey(), mistakes);
            }
        }
        return allowed;
    }

    private static boolean isType(String type, Object value) {
        return switch (type) {
            case "object" -> value instanceof Map;
            case "array" -> value instanceof List;
            case "string" -> value instanceof String;
            case "integer" -> value instanceof Integer || value instanceof Long;
            case "number" -> value instanceof Number;
            default -> throw new AssertionError("type " + type);
        };
    }

    private static double number(Object value) {
        return ((Number) value).doubleValue();
    }
}
