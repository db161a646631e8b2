package dev.redoubt.policy.profile;

import dev.redoubt.policy.profile.Value.Field;
import dev.redoubt.policy.profile.Value.Fields;
import dev.redoubt.policy.profile.Value.Items;
import dev.redoubt.policy.profile.Value.Scalar;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Takes values for what a key may have; what they are not is a finding, and the reading goes on. */
final class ValueReader {
    private final Findings findings;

    ValueReader(Findings findings) {
        this.findings = findings;
    }

    void complain(Place place, String message) {
        findings.add(place, message);
    }

    /** Gives each value of a mapping to what reads its key. */
    void section(Value value, String what, Map<String, Consumer<Value>> keys) {
        if (!(value instanceof Fields fields)) {
            complain(value.place(), what + " is a mapping of keys to values, not " + value.kind());
            return;
        }
        for (Field field : fields.byName().values()) {
            Consumer<Value> reader = keys.get(field.name());
            if (reader == null) {
                unknown(field.place(), "key", field.name(), keys.keySet());
            } else {
                reader.accept(field.value());
            }
        }
    }

    /** A wrong word, and the right one that was probably meant, or all when there is none near. */
    void unknown(Place place, String kind, String wrong, Collection<String> right) {
        String hint = Nearest.to(wrong, right)
                .map(nearest -> "did you mean " + nearest + "?")
                .orElseGet(() -> "it is one of " + right.stream().sorted().collect(Collectors.joining(", ")));
        complain(place, "unknown " + kind + " '" + wrong + "'; " + hint);
    }

    Optional<String> text(Value value) {
        if (value instanceof Scalar scalar && !scalar.text().isEmpty()) {
            return Optional.of(scalar.text());
        }
        complain(value.place(), "a word or a line is needed here, not " + value.kind());
        return Optional.empty();
    }

    <T> Optional<T> word(Value value, Map<String, T> words) {
        Optional<String> text = text(value);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<T> meant = Optional.ofNullable(words.get(text.get()));
        if (meant.isEmpty()) {
            unknown(value.place(), "value", text.get(), words.keySet());
        }
        return meant;
    }

    List<Value> items(Value value) {
        if (value instanceof Items items) {
            return items.values();
        }
        complain(value.place(), "a list is needed here, not " + value.kind());
        return List.of();
    }

    <E extends Enum<E>> Optional<Set<E>> set(Value value, Class<E> type, Map<String, E> words) {
        Set<E> set = EnumSet.noneOf(type);
        for (Value item : items(value)) {
            Optional<E> member = word(item, words);
            if (member.isPresent() && !set.add(member.get())) {
                complain(item.place(), member.get() + " is listed twice");
            }
        }
        return Optional.of(set);
    }

    /**
     * A value in a form of its own.
     *
     * @param form reads the text; its IllegalArgumentException says what is wrong with it
     */
    <T> Optional<T> form(Value value, Function<String, T> form) {
        Optional<String> text = text(value);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(form.apply(text.get()));
        } catch (IllegalArgumentException wrong) {
            complain(value.place(), "'" + text.get() + "': " + wrong.getMessage());
            return Optional.empty();
        }
    }

    static <T> Optional<Placed<T>> placed(Value value, Optional<T> read) {
        return read.map(given -> new Placed<>(value.place(), given));
    }

    /** Values by the words that people write for them. */
    static <T> Map<String, T> words(T[] values) {
        return Stream.of(values)
                .collect(Collectors.toMap(Object::toString, Function.identity(), (a, b) -> a, LinkedHashMap::new));
    }
}
