package dev.redoubt.node.data;

import java.util.regex.Pattern;

/** The name of a group or a disk becomes a path that is written to and removed, so nothing but a plain name passes. */
public final class ResourceName {
    private static final Pattern PLAIN = Pattern.compile("[a-z0-9][a-z0-9_-]{0,199}");

    private ResourceName() {}

    /** @return {@code name} when it is a plain one */
    public static String check(String name) {
        if (!isPlain(name)) {
            throw new IllegalArgumentException("not a plain name (a-z, 0-9, _ and -): " + name);
        }
        return name;
    }

    public static boolean isPlain(String name) {
        return PLAIN.matcher(name).matches();
    }
}
