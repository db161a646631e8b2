package dev.redoubt.protocol;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A path inside a sandbox that has one meaning: absolute, without {@code .}, {@code ..}, empty parts, a slash at the end or a
 * NUL.
 */
public record InsidePath(String text) implements Comparable<InsidePath> {
    private static final int MOST_BYTES = 4095; // PATH_MAX of linux/limits.h counts the NUL
    private static final int MOST_PART_BYTES = 255; // NAME_MAX

    public static final InsidePath ROOT = new InsidePath("/");

    public InsidePath {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a path cannot hold a NUL");
        }
        if (!text.startsWith("/")) {
            throw new IllegalArgumentException("not an absolute path");
        }
        if (bytes(text) > MOST_BYTES) {
            throw new IllegalArgumentException("a path of " + bytes(text) + " bytes; at most " + MOST_BYTES);
        }
        if (!text.equals("/")) {
            for (String part : text.substring(1).split("/", -1)) {
                checkPart(part);
            }
        }
    }

    private static void checkPart(String part) {
        if (part.isEmpty()) {
            throw new IllegalArgumentException("a slash too many");
        }
        if (part.equals(".") || part.equals("..")) {
            throw new IllegalArgumentException("a '" + part + "' in it");
        }
        if (bytes(part) > MOST_PART_BYTES) {
            throw new IllegalArgumentException("a name of " + bytes(part) + " bytes; at most " + MOST_PART_BYTES);
        }
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Whether {@code other} is this path or lies beneath it. */
    public boolean covers(InsidePath other) {
        return equals(ROOT) || equals(other) || other.text.startsWith(text + "/");
    }

    /** The directories that lead to it, without the root. */
    public List<InsidePath> above() {
        List<InsidePath> above = new ArrayList<>();
        for (int slash = text.indexOf('/', 1); slash >= 0; slash = text.indexOf('/', slash + 1)) {
            above.add(new InsidePath(text.substring(0, slash)));
        }
        return List.copyOf(above);
    }

    @Override
    public int compareTo(InsidePath other) {
        return text.compareTo(other.text);
    }

    @Override
    public String toString() {
        return text;
    }
}
