package dev.redoubt.policy.profile;

import java.util.List;
import java.util.stream.Collectors;

/** A profile that says nothing, nonsense, or what no wall can hold. Nothing runs with it. */
public final class ProfileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Complaint> complaints;

    ProfileException(List<Complaint> complaints) {
        super(complaints.stream().map(Complaint::toString).collect(Collectors.joining("\n")));
        this.complaints = List.copyOf(complaints);
    }

    /** All that is wrong, in the order of the document; at least one. */
    public List<Complaint> complaints() {
        return complaints;
    }
}
