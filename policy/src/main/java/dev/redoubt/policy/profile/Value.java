package dev.redoubt.policy.profile;

import java.util.List;
import java.util.SequencedMap;

/** A piece of a YAML document, before anything is understood of it. */
sealed interface Value {
    Place place();

    /** Text, whatever YAML would make of it: {@code 512}, {@code null} and {@code yes} are words like any other. */
    record Scalar(Place place, String text) implements Value {}

    record Items(Place place, List<Value> values) implements Value {}

    record Fields(Place place, SequencedMap<String, Field> byName) implements Value {}

    /** One {@code name: value} of a mapping. */
    record Field(Place place, String name, Value value) {}

    /** What it is, for complaints. */
    default String kind() {
        return switch (this) {
            case Scalar scalar -> scalar.text().isEmpty() ? "nothing" : "the value '" + scalar.text() + "'";
            case Items ignored -> "a list";
            case Fields ignored -> "a mapping";
        };
    }
}
