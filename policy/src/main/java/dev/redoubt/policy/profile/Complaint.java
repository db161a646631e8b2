package dev.redoubt.policy.profile;

/**
 * What is wrong with a profile, and where.
 *
 * @param source file name, or the name of a built-in profile
 */
public record Complaint(String source, Place place, String message) {
    /** As compilers write it, so that editors can jump there: {@code FILE:LINE:COLUMN: message}. */
    @Override
    public String toString() {
        return source + ":" + place + ": " + message;
    }
}
