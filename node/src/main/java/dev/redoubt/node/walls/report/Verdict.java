package dev.redoubt.node.walls.report;

import java.util.Collection;
import java.util.Locale;

/** How what was found compares with what was asked; the later, the worse. */
public enum Verdict {
    /** Found, and at least as tight as asked. */
    AS_ASKED,
    /** There, but it lets more through than was asked, or it could not be read: nothing is claimed that was not seen. */
    WEAKER,
    /** Not there. */
    MISSING;

    /** The worst of some; of none there is nothing to complain about. */
    public static Verdict worst(Collection<Verdict> verdicts) {
        return verdicts.stream().max(Verdict::compareTo).orElse(AS_ASKED);
    }

    /** As in the report. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
