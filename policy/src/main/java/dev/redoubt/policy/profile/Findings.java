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
            complaints.add(new Complaint(source, place, message));
        }
    }

    /** The end of reading for what cannot be read any further. */
    ProfileException stop(Place place, String message) {
        return new ProfileException(List.of(new Complaint(source, place, message)));
    }

    /** @throws ProfileException when anything was found */
    void check() {
        if (!complaints.isEmpty()) {
            complaints.sort(Comparator.comparingInt((Complaint complaint) ->
                            complaint.place().line())
                    .thenComparingInt(complaint -> complaint.place().column()));
            throw new ProfileException(complaints);
        }
    }
}
