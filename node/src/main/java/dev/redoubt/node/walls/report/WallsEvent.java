package dev.redoubt.node.walls.report;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Something that happened to the walls of a running sandbox.
 *
 * @param words for people; of a drift each finding that was not there the last time
 */
public record WallsEvent(Instant at, Kind kind, List<String> words) {
    private static final int MOST_WORDS = 8;

    /** What happened. */
    public enum Kind {
        /** A wall is weaker than asked, or missing, and was not at the last look. */
        DRIFTED,
        /** Everything is as asked again. */
        MENDED,
        /** It could not be looked at all: nothing is known. */
        NOT_READ,
        /** All inside was stopped, because of a drift. */
        FROZEN,
        /** All inside may run again, to the end that it was sent while it was stopped. */
        THAWED,
        /** It was to be stopped and could not be. */
        NOT_FROZEN;

        /** As in the report. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    public WallsEvent {
        at = at.truncatedTo(ChronoUnit.MILLIS);
        Objects.requireNonNull(kind, "kind");
        words = words.stream().limit(MOST_WORDS).map(PlainText::of).toList();
    }

    Map<String, Object> tree() {
        return Map.of("at", at.toString(), "kind", kind.toString(), "words", words);
    }
}
