package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.PathPatterns;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Path patterns, ready to be held against names. Names and patterns are bytes: each character is one (ISO 8859-1). */
final class HiddenNames {
    private static final String ANY_NAMES = "**";

    private final List<Pattern> patterns;

    /** A pattern by its names; {@code text}: as it was written. */
    private record Pattern(String text, String[] parts) {}

    HiddenNames(PathPatterns patterns) {
        this.patterns = patterns.hidden().stream().map(HiddenNames::parse).toList();
    }

    private static Pattern parse(String text) {
        String bytes = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return new Pattern(text, names(bytes));
    }

    private static String[] names(String path) {
        return (path.startsWith("/") ? path.substring(1) : path).split("/", -1);
    }

    /**
     * The pattern that hides a file, if there is one.
     *
     * @param name absolute and without links
     */
    Optional<String> hiding(String name) {
        String[] names = names(name);
        for (Pattern pattern : patterns) {
            if (hides(pattern.parts, names)) {
                return Optional.of(pattern.text);
            }
        }
        return Optional.empty();
    }

    private static boolean hides(String[] parts, String[] names) {
        boolean[] reached = new boolean[parts.length + 1]; // how far into the pattern the names so far can lead
        reached[0] = true;
        skipAny(parts, reached);
        for (String name : names) {
            reached = next(parts, reached, name);
            if (reached[parts.length]) {
                return true; // and so is all beneath it
            }
        }
        return false;
    }

    private static boolean[] next(String[] parts, boolean[] reached, String name) {
        boolean[] next = new boolean[reached.length];
        for (int i = 0; i < parts.length; i++) {
            if (reached[i] && parts[i].equals(ANY_NAMES)) {
                next[i] = true;
                next[i + 1] |= i == parts.length - 1;
            } else if (reached[i] && isNamed(parts[i], name)) {
                next[i + 1] = true;
            }
        }
        skipAny(parts, next);
        return next;
    }

    /** Any names can be none, except at the end, where they are what lies beneath a directory. */
    private static void skipAny(String[] parts, boolean[] reached) {
        for (int i = 0; i < parts.length - 1; i++) {
            if (reached[i] && parts[i].equals(ANY_NAMES)) {
                reached[i + 1] = true;
            }
        }
    }

    /** With one place to go back to, behind the last star: never more steps than both lengths multiplied. */
    private static boolean isNamed(String part, String name) {
        int at = 0;
        int behindStar = -1;
        int from = 0;
        for (int i = 0; i < name.length(); ) {
            if (at < part.length() && part.charAt(at) == '*') {
                behindStar = ++at;
                from = i;
            } else if (at < part.length() && (part.charAt(at) == '?' || part.charAt(at) == name.charAt(i))) {
                at++;
                i++;
            } else if (behindStar >= 0) {
                at = behindStar;
                i = ++from;
            } else {
                return false;
            }
        }
        while (at < part.length() && part.charAt(at) == '*') {
            at++;
        }
        return at == part.length();
    }
}
