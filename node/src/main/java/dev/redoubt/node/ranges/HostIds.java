package dev.redoubt.node.ranges;

import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * The ids that the host has given out in its files (passwd(5), group(5), subuid(5)). A directory service may know more;
 * nobody can list those.
 */
final class HostIds {
    private HostIds() {}

    /** @throws Problem UNPROCESSABLE when one of them is an id of sandboxes, naming file and line */
    static void checkNoneOverlaps(Path etc) {
        checkAccounts(etc.resolve("passwd"), 2, 3);
        checkAccounts(etc.resolve("group"), 2);
        checkSubordinates(etc.resolve("subuid"));
        checkSubordinates(etc.resolve("subgid"));
    }

    private static void checkAccounts(Path file, int... places) {
        List<String> lines = lines(file);
        for (int line = 0; line < lines.size(); line++) {
            String[] fields = lines.get(line).split(":", -1);
            for (int place : places) {
                if (place < fields.length && overlaps(fields[place], "1")) {
                    throw overlap(file, line, lines.get(line));
                }
            }
        }
    }

    private static void checkSubordinates(Path file) {
        List<String> lines = lines(file);
        for (int line = 0; line < lines.size(); line++) {
            String[] fields = lines.get(line).split(":", -1);
            if (fields.length == 3 && overlaps(fields[1], fields[2])) {
                throw overlap(file, line, lines.get(line));
            }
        }
    }

    /** A broken line gives nobody an id. */
    private static boolean overlaps(String first, String count) {
        if (!first.matches("\\d{1,10}") || !count.matches("\\d{1,10}")) {
            return false;
        }
        long from = Long.parseLong(first);
        long many = Long.parseLong(count);
        return many > 0 && from < IdRange.END && from + many > IdRange.FIRST;
    }

    private static Problem overlap(Path file, int line, String text) {
        return new Problem(
                ProblemCode.UNPROCESSABLE,
                file + " line " + (line + 1) + ", '" + text + "', has ids that sandboxes run as (" + IdRange.FIRST
                        + " to " + (IdRange.END - 1) + "); give that user other ids");
    }

    /** Names in these files may be in any encoding; the numbers are ASCII. */
    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1).stream()
                    .map(line -> line.startsWith("#") ? "" : line)
                    .toList();
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
