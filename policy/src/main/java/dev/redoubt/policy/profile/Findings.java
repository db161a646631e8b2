package dev.redoubt.policy.profile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What is wrong with one document so far: a reader goes on after a mistake, so that all of them are told at once. */
final class Findings {
    /** More would be read by nobody, and a hostile document could make millions. */
    private static final int MOST = 50;

    private final String source;
    private final List<Complaint> complaints = new ArrayList<>();

    Findings(String source) {
        this.source = source;
    }

    void add(Place place, String message) {
        if (complaints.size() < MOST) {
            complaints.add(complaint(place, message));
        }
    }

    /** The end of reading for what cannot be read any further. */
    ProfileException stop(Place place, String message) {
        return new ProfileException(List.of(complaint(place, message)));
    }

    /** Words of the document stand in it, and it is for terminals: what they would obey is escaped. */
    private Complaint complaint(Place place, String message) {
        StringBuilder printable = new StringBuilder();
        message.codePoints().forEach(character -> {
            if (Character.isISOControl(character)) {
                printable.append("\\x%02x".formatted(character));
            } else {
                printable.appendCodePoint(character);
            }
        });
        return new Complaint(source, place, printable.toString());
    }

    /** @throws ProfileException when anything was found */
    void check() {
        if (!complaints.isEmpty()) {
            complaints.sort(Comparator.comparingInt(
                            (Complaint complaint) -> complaint.place().line())
                    .thenComparingInt(complaint -> complaint.place().column()));
            throw new ProfileException(complaints);
        }
    }
}
