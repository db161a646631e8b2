package dev.redoubt.protocol;

import java.util.List;

/**
 * Names that programs of a sandbox cannot open, by patterns that Landlock has no words for.
 *
 * <p>{@code *} stands for any characters of one name, {@code ?} for one, {@code **} for any number of names. What lies
 * beneath a directory that matches is hidden too. A pattern is held against the name that a file really has, after every
 * symbolic link, so no other way to it leads around; but it is held against names: who may rename a file, link to it or
 * execute it needs no open. So a pattern is for files that jobs can read and not move.
 *
 * @param hidden each begins with {@code /} or {@code **}{@code /}
 */
public record PathPatterns(List<String> hidden) {
    /** Nothing is hidden, and no open is asked about. */
    public static final PathPatterns NONE = new PathPatterns(List.of());

    private static final int MOST = 64;
    private static final int MOST_CHARACTERS = 256;

    public PathPatterns {
        hidden = List.copyOf(hidden);
        if (hidden.size() > MOST) {
            throw new IllegalArgumentException(hidden.size() + " patterns; at most " + MOST);
        }
        hidden.forEach(PathPatterns::check);
    }

    private static void check(String pattern) {
        if (!pattern.startsWith("/") && !pattern.startsWith("**/")) {
            throw new IllegalArgumentException("pattern '" + pattern + "' begins with neither / nor **/");
        }
        if (pattern.length() > MOST_CHARACTERS || pattern.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "a pattern has at most " + MOST_CHARACTERS + " characters, none of them a control character");
        }
        for (String name : pattern.substring(pattern.indexOf('/') + 1).split("/", -1)) {
            if (name.isEmpty() || name.equals(".") || name.equals("..")) {
                throw new IllegalArgumentException("pattern '" + pattern + "' has a name '" + name + "' in it");
            }
            if (name.contains("**") && name.length() > 2) {
                throw new IllegalArgumentException("in pattern '" + pattern + "' ** is not a name of its own");
            }
        }
    }

    public boolean isEmpty() {
        return hidden.isEmpty();
    }
}
