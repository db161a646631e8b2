package dev.redoubt.node.cgroup;

import java.util.regex.Pattern;

/** The name of a group becomes a path that is written to and removed, so nothing but a plain name passes. */
final class GroupName {
    /** Our one directory at the top of each hierarchy. */
    static final String PARENT = "redoubt";

    private static final Pattern PLAIN = Pattern.compile("[a-z0-9][a-z0-9_-]{0,199}");

    private GroupName() {}

    static String check(String name) {
        if (!PLAIN.matcher(name).matches()) {
            throw new IllegalArgumentException("not a name for a group: " + name);
        }
        return name;
    }
}
