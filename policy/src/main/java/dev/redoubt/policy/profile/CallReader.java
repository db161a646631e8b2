package dev.redoubt.policy.profile;

import dev.redoubt.policy.calls.CallArguments;
import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.profile.Document.CallLine;
import dev.redoubt.policy.profile.Document.Verb;
import dev.redoubt.policy.profile.Value.Field;
import dev.redoubt.policy.profile.Value.Fields;
import dev.redoubt.policy.profile.Value.Items;
import dev.redoubt.protocol.CallError;
import dev.redoubt.protocol.Condition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/** The keys of {@code syscalls}: names are known, conditions can be decided. */
final class CallReader {
    static final Map<String, CallError> ERRORS = ValueReader.words(CallError.values());
    private static final int MOST_CONDITIONS = 16;
    private static final int MOST_VALUES = 64;

    private final ValueReader values;
    private final SequencedMap<String, Consumer<Value>> keys = new LinkedHashMap<>();
    private final List<CallLine> lines = new ArrayList<>();

    CallReader(ValueReader values) {
        this.values = values;
        keys.put("allow", value -> entries(value, Verb.ALLOW));
        keys.put("deny", value -> entries(value, Verb.DENY));
        keys.put("broker", value -> entries(value, Verb.BROKER));
    }

    void read(Value value) {
        values.section(value, "syscalls", keys);
    }

    List<CallLine> lines() {
        return List.copyOf(lines);
    }

    SequencedMap<String, Consumer<Value>> keys() {
        return keys;
    }

    /** The keys of the long form of an entry. */
    static Set<String> entryKeys(Verb verb) {
        return new Entry(new ValueReader(new Findings("keys")), verb).keys.keySet();
    }

    private void entries(Value value, Verb verb) {
        for (Value item : values.items(value)) {
            Entry entry = new Entry(values, verb);
            if (item instanceof Fields fields) {
                entry.longForm(fields);
            } else {
                entry.subject(item);
            }
            entry.line(item.place()).ifPresent(lines::add);
        }
    }

    /** One entry: a name, or a mapping of {@code call}, {@code when} and, to refuse, {@code error}. */
    private static final class Entry {
        private final ValueReader values;
        private final Verb verb;
        private final SequencedMap<String, Consumer<Value>> keys = new LinkedHashMap<>();
        private Optional<String> subject = Optional.empty();
        private final List<Condition> when = new ArrayList<>();
        private Optional<CallError> error = Optional.empty();
        private boolean isBroken;

        Entry(ValueReader values, Verb verb) {
            this.values = values;
            this.verb = verb;
            keys.put("call", this::subject);
            keys.put("when", this::conditions);
            if (verb != Verb.ALLOW) {
                keys.put("error", value -> error = values.word(value, ERRORS));
            }
        }

        /** The name is read first: what a condition may ask depends on it. */
        void longForm(Fields fields) {
            if (!fields.byName().containsKey("call")) {
                values.complain(fields.place(), "an entry names a system call or a group: call: NAME");
            }
            SequencedMap<String, Field> ordered = new LinkedHashMap<>(fields.byName());
            Field call = ordered.get("call");
            if (call != null) {
                ordered.putFirst("call", call);
            }
            values.section(new Fields(fields.place(), ordered), "an entry", keys);
        }

        void subject(Value value) {
            Optional<String> name = values.text(value);
            if (name.isEmpty()) {
                return;
            }
            boolean group = name.get().startsWith("@");
            Collection<String> known = group ? CallNames.groups().keySet() : CallNames.calls();
            if (known.contains(name.get())) {
                subject = name;
            } else if (group) {
                values.unknown(value.place(), "group", name.get(), known);
            } else {
                String hint = Nearest.to(name.get(), known)
                        .map(nearest -> "did you mean " + nearest + "?")
                        .orElse("syscalls(2) has the names");
                values.complain(value.place(), "unknown system call '" + name.get() + "'; " + hint);
            }
        }

        Optional<CallLine> line(Place place) {
            return subject.filter(_ -> !isBroken)
                    .map(name -> new CallLine(place, verb, name, List.copyOf(when), error));
        }

        /** An entry whose condition is not understood says nothing: without it, it would say too much. */
        private void conditions(Value value) {
            isBroken = true;
            if (subject.isEmpty()) {
                return;
            }
            String call = subject.get();
            if (call.startsWith("@")) {
                values.complain(value.place(), "a condition is about one system call, and " + call + " is a group");
                return;
            }
            List<Value> alternatives = value instanceof Items items ? items.values() : List.of(value);
            if (alternatives.isEmpty() || alternatives.size() > MOST_CONDITIONS) {
                values.complain(value.place(), "1 to " + MOST_CONDITIONS + " conditions, not " + alternatives.size());
                return;
            }
            alternatives.forEach(alternative -> condition(call, alternative).ifPresent(when::add));
            isBroken = when.size() != alternatives.size();
        }

        private Optional<Condition> condition(String call, Value value) {
            if (!(value instanceof Fields fields) || fields.byName().isEmpty()) {
                values.complain(value.place(), "a condition is a mapping of arguments to values, not " + value.kind());
                return Optional.empty();
            }
            TreeMap<Integer, Condition.Test> tests = new TreeMap<>();
            for (Field field : fields.byName().values()) {
                CallArguments.of(call).stream()
                        .filter(argument -> argument.name().equals(field.name()))
                        .findFirst()
                        .ifPresentOrElse(
                                argument -> test(call, argument, field.value())
                                        .ifPresent(test -> tests.put(argument.index(), test)),
                                () -> values.complain(field.place(), CallArguments.whyNot(call, field.name())));
            }
            return tests.size() == fields.byName().size() ? Optional.of(new Condition(tests)) : Optional.empty();
        }

        /** A value, a list of values, or {@code has: [BIT, ...]}. */
        private Optional<Condition.Test> test(String call, CallArguments.Named argument, Value value) {
            if (value instanceof Fields fields) {
                Field has = fields.byName().get("has");
                if (has == null || fields.byName().size() != 1) {
                    values.complain(
                            value.place(),
                            "'" + argument.name() + "' is a value, a list of values, or has: [BIT, ...]");
                    return Optional.empty();
                }
                int bits = numbers(argument, has.value()).stream().reduce(0, (a, b) -> a | b);
                return bits == 0 ? Optional.empty() : Optional.of(new Condition.AnyBit(bits));
            }
            SortedSet<Integer> numbers = numbers(argument, value);
            if (verb == Verb.ALLOW) {
                numbers.forEach(number -> CallNames.whyNever(call, argument, number)
                        .ifPresent(reason -> values.complain(
                                value.place(),
                                argument.name() + " " + argument.nameOf(number) + " of " + call
                                        + " is refused to every profile: " + reason)));
            }
            return numbers.isEmpty() ? Optional.empty() : Optional.of(argument.oneOf(numbers));
        }

        private SortedSet<Integer> numbers(CallArguments.Named argument, Value value) {
            SortedSet<Integer> numbers = new TreeSet<>();
            List<Value> given = value instanceof Items items ? items.values() : List.of(value);
            if (given.isEmpty() || given.size() > MOST_VALUES) {
                values.complain(value.place(), "1 to " + MOST_VALUES + " values, not " + given.size());
                return numbers;
            }
            for (Value each : given) {
                Optional<String> text = values.text(each);
                Optional<Integer> number = text.flatMap(argument::value);
                if (number.isPresent() && (number.get() & ~argument.mask()) != 0) {
                    values.complain(each.place(), "'" + text.get() + "' has bits that are no " + argument.name());
                } else if (number.isPresent()) {
                    numbers.add(number.get());
                } else if (text.isPresent()) {
                    unknownValue(argument, each.place(), text.get());
                }
            }
            return numbers;
        }

        private void unknownValue(CallArguments.Named argument, Place place, String text) {
            if (text.matches("-?[0-9].*")) {
                values.complain(place, "'" + text + "' is not a number of 32 bits");
            } else {
                values.unknown(
                        place, argument.name(), text, argument.constants().keySet());
            }
        }
    }
}
