package dev.redoubt.node.seccomp;

import dev.redoubt.node.ranges.IdRange;
import java.util.Arrays;
import java.util.stream.Collectors;

/** /proc/PID/status as it is read inside: the broker's copy has the ids of the host. */
final class StatusFile {
    private static final int NOBODY = 65_534;

    private StatusFile() {}

    /** The same text with the ids that the sandbox has for them; of others it shows nobody, as the kernel does. */
    static String inside(String outside, IdRange ids) {
        return outside.lines().map(line -> line(line, ids)).collect(Collectors.joining("\n", "", "\n"));
    }

    private static String line(String line, IdRange ids) {
        int colon = line.indexOf(':');
        String label = colon < 0 ? "" : line.substring(0, colon);
        return switch (label) {
            case "Uid", "Gid" -> label + ":\t" + numbers(line.substring(colon + 1), ids, "\t", "");
            case "Groups" -> label + ":\t" + numbers(line.substring(colon + 1), ids, " ", " ");
            default -> line;
        };
    }

    private static String numbers(String text, IdRange ids, String between, String behind) {
        return Arrays.stream(text.strip().split("\\s+", -1))
                .filter(word -> !word.isEmpty())
                .map(word -> Long.parseLong(word) - ids.base())
                .map(id -> Long.toString(id >= 0 && id < IdRange.SIZE ? id : NOBODY))
                .collect(Collectors.joining(between, "", behind));
    }
}
