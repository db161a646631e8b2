package dev.redoubt.policy.profile;

import dev.redoubt.policy.profile.Value.Field;
import dev.redoubt.policy.profile.Value.Fields;
import dev.redoubt.policy.profile.Value.Items;
import dev.redoubt.policy.profile.Value.Scalar;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads the part of YAML 1.2 that a profile needs: mappings, lists and text. No anchors (a few lines of them expand to
 * gigabytes), no tags (they name types to be made), no second document, no key twice, nothing deep.
 *
 * <p>Works on the parser's events, before YAML decides what is a number or null: every scalar stays the text that it is,
 * with its place.
 */
final class Yaml {
    /** Characters of a document; the longest built-in profile has a hundredth of it. */
    static final int MOST_CHARACTERS = 256 * 1024;

    private static final int MOST_DEPTH = 12;
    private static final int MOST_VALUES = 20_000;

    private final Findings findings;
    private final Iterator<Event> events;
    private Place last = Place.START;
    private int values;

    private Yaml(Findings findings, Iterator<Event> events) {
        this.findings = findings;
        this.events = events;
    }

    /**
     * The one mapping that a document is.
     *
     * @throws ProfileException at the first thing that cannot be read
     */
    static Fields read(String text, Findings findings) {
        if (text.length() > MOST_CHARACTERS) {
            throw findings.stop(
                    Place.START, "a profile of " + text.length() + " characters; at most " + MOST_CHARACTERS);
        }
        refuseUnprintable(text, findings);
        LoadSettings settings =
                LoadSettings.builder().setCodePointLimit(MOST_CHARACTERS).build();
        Yaml yaml = new Yaml(findings, new Parse(settings).parseString(text).iterator());
        try {
            return yaml.document();
        } catch (MarkedYamlEngineException broken) {
            String context = broken.getContext() == null ? "" : broken.getContext() + ", ";
            throw findings.stop(
                    broken.getProblemMark().map(Yaml::place).orElse(yaml.last),
                    "not YAML: " + context + broken.getProblem());
        } catch (YamlEngineException broken) {
            throw findings.stop(yaml.last, "not YAML: " + broken.getMessage());
        }
    }

    /** Before the parser, which would tell an index instead of a place. */
    private static void refuseUnprintable(String text, Findings findings) {
        int line = 1;
        int start = 0;
        for (int at = 0; at < text.length(); at++) {
            char character = text.charAt(at);
            if (character == '\n') {
                line++;
                start = at + 1;
            } else if (isUnprintable(text, at)) {
                throw findings.stop(
                        new Place(line, at - start + 1),
                        "the character U+%04X cannot stand in YAML".formatted((int) character));
            }
        }
    }

    /** Not c-printable of YAML 1.2.2, 5.1; a byte order mark is, and a profile needs none. */
    private static boolean isUnprintable(String text, int at) {
        char character = text.charAt(at);
        if (Character.isHighSurrogate(character)) {
            return at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1));
        }
        if (Character.isLowSurrogate(character)) {
            return at == 0 || !Character.isHighSurrogate(text.charAt(at - 1));
        }
        boolean control = character < 0x20 && character != '\t' && character != '\r';
        boolean upper = character >= 0x7f && character < 0xa0 && character != 0x85;
        return control || upper || character == 0xfeff || character >= 0xfffe;
    }

    private Fields document() {
        expect(Event.ID.StreamStart);
        if (!is(next(), Event.ID.DocumentStart)) {
            throw findings.stop(Place.START, "the profile is empty");
        }
        Value root = value(next(), 1);
        expect(Event.ID.DocumentEnd);
        if (!is(next(), Event.ID.StreamEnd)) {
            throw findings.stop(last, "a second document; a profile is one");
        }
        if (!(root instanceof Fields fields)) {
            throw findings.stop(root.place(), "a profile is a mapping of keys to values, not " + root.kind());
        }
        return fields;
    }

    private Value value(Event event, int depth) {
        values++;
        if (values > MOST_VALUES) {
            throw findings.stop(last, "more than " + MOST_VALUES + " values");
        }
        if (depth > MOST_DEPTH) {
            throw findings.stop(last, "nested deeper than " + MOST_DEPTH + " levels");
        }
        if (event instanceof AliasEvent) {
            throw findings.stop(last, "an alias; anchors and aliases are not read in profiles: use extends");
        }
        NodeEvent node = (NodeEvent) event;
        if (node.getAnchor().isPresent()) {
            throw findings.stop(last, "an anchor; anchors and aliases are not read in profiles: use extends");
        }
        return switch (node) {
            case ScalarEvent scalar -> scalar(scalar);
            case SequenceStartEvent sequence -> items(sequence, depth);
            case MappingStartEvent mapping -> fields(mapping, depth);
            default -> throw findings.stop(last, "not YAML: unexpected " + node.getEventId());
        };
    }

    private Scalar scalar(ScalarEvent scalar) {
        refuseTag(scalar.getTag());
        return new Scalar(last, scalar.getValue());
    }

    private Items items(CollectionStartEvent start, int depth) {
        refuseTag(start.getTag());
        Place place = last;
        List<Value> items = new ArrayList<>();
        for (Event event = next(); !is(event, Event.ID.SequenceEnd); event = next()) {
            items.add(value(event, depth + 1));
        }
        return new Items(place, items);
    }

    private Fields fields(CollectionStartEvent start, int depth) {
        refuseTag(start.getTag());
        Place place = last;
        SequencedMap<String, Field> fields = new LinkedHashMap<>();
        for (Event event = next(); !is(event, Event.ID.MappingEnd); event = next()) {
            Value name = value(event, depth + 1);
            if (!(name instanceof Scalar key)) {
                throw findings.stop(name.place(), "a key that is no word");
            }
            Field field = new Field(key.place(), key.text(), value(next(), depth + 1));
            Field before = fields.putIfAbsent(field.name(), field);
            if (before != null) {
                throw findings.stop(
                        field.place(),
                        "the key '" + field.name() + "' again; it stands in line "
                                + before.place().line() + " already");
            }
        }
        return new Fields(place, fields);
    }

    private void refuseTag(Optional<String> tag) {
        if (tag.isPresent()) {
            throw findings.stop(last, "a tag (" + tag.get() + "); profiles have none");
        }
    }

    private void expect(Event.ID id) {
        Event event = next();
        if (!is(event, id)) {
            throw findings.stop(last, "not YAML: unexpected " + event.getEventId());
        }
    }

    private static boolean is(Event event, Event.ID id) {
        return event.getEventId() == id;
    }

    private Event next() {
        if (!events.hasNext()) {
            throw findings.stop(last, "not YAML: it ends too early");
        }
        Event event = events.next();
        last = event.getStartMark().map(Yaml::place).orElse(last);
        return event;
    }

    private static Place place(Mark mark) {
        return new Place(mark.getLine() + 1, mark.getColumn() + 1);
    }
}
