package dev.redoubt.node.image.unpack;

import dev.redoubt.linux.Errno;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * How unpacking ended. The process in the sandbox prints it, the node reads it: to the node it is a stranger's text, so
 * what is not exactly in this form is an {@link IllegalArgumentException}.
 */
public sealed interface Report {
    /** Longest text that {@link #parse} takes. */
    int MAX_TEXT = 8 << 20;

    /**
     * The whole archive is unpacked.
     *
     * @param implicit directories that had no entry of their own, as byte strings
     */
    record Done(long entries, long bytes, List<String> implicit) implements Report {
        public Done {
            implicit = List.copyOf(implicit);
        }
    }

    /** The archive is refused; {@code entry} is a byte string and empty when no entry is to blame. */
    record Refused(Refusal refusal, String entry) implements Report {}

    /** The machine could not: a system call failed. */
    record Failed(String call, int errno) implements Report {
        public boolean isDiskFull() {
            return errno == Errno.ENOSPC || errno == Errno.EDQUOT;
        }
    }

    /** Lines of plain ASCII; names in hexadecimal. */
    default String text() {
        return switch (this) {
            case Done done -> {
                StringBuilder text = new StringBuilder("done " + done.entries() + " " + done.bytes() + "\n");
                done.implicit().forEach(path -> text.append(hex(path)).append('\n'));
                yield text.toString();
            }
            case Refused refused -> "refused " + refused.refusal() + " " + hex(refused.entry()) + "\n";
            case Failed failed -> "failed " + failed.call() + " " + failed.errno() + "\n";
        };
    }

    static Report parse(String text) {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("no report");
        }
        String[] words = lines.getFirst().split(" ", 3);
        if (words.length != 3) {
            throw new IllegalArgumentException("not a report");
        }
        return switch (words[0]) {
            case "done" -> new Done(Long.parseLong(words[1]), Long.parseLong(words[2]), names(lines));
            case "refused" -> new Refused(Refusal.valueOf(words[1]), bytes(words[2]));
            case "failed" -> new Failed(words[1].replaceAll("[^a-z0-9_]", ""), Integer.parseInt(words[2]));
            default -> throw new IllegalArgumentException("not a report");
        };
    }

    private static List<String> names(List<String> lines) {
        List<String> names = new ArrayList<>();
        lines.subList(1, lines.size()).forEach(line -> names.add(bytes(line)));
        return names;
    }

    private static String hex(String byteString) {
        return HexFormat.of().formatHex(byteString.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String bytes(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
    }
}
