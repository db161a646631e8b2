package dev.redoubt.node.ranges;

import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Which sandbox has which ids; shared by every process that uses the data directory.
 *
 * <p>A claim is a symbolic link made at once or not at all (symlink(2)), named like the range and pointing to its owner.
 * Claims start at a random place: no two processes race along the same row, and an id says nothing about how many
 * neighbours there are.
 */
public final class Ranges {
    private static final List<Path> SUBORDINATE = List.of(Path.of("/etc/subuid"), Path.of("/etc/subgid"));
    private static final List<Path> ACCOUNTS = List.of(Path.of("/etc/passwd"), Path.of("/etc/group"));

    private final Path directory;

    private Ranges(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens the claims of a data directory.
     *
     * @throws Problem UNPROCESSABLE when a user of the host has ids that sandboxes would get, naming the line
     */
    public static Ranges open(DataDirectory data) {
        SUBORDINATE.forEach(file -> check(file, 1, 2));
        ACCOUNTS.forEach(file -> check(file, 2, -1));
        Path directory = data.node().resolve("ranges");
        LinuxFiles.makeDirectory(directory.toString(), 0700);
        return new Ranges(directory);
    }

    /**
     * Claims a free range.
     *
     * @throws Problem UNAVAILABLE when all are taken
     */
    public IdRange claim(String owner) {
        int start = ThreadLocalRandom.current().nextInt(IdRange.COUNT);
        for (int step = 0; step < IdRange.COUNT; step++) {
            IdRange range = new IdRange((start + step) % IdRange.COUNT);
            if (!range.equals(IdRange.UNPACKING) && LinuxFiles.symlink(owner, path(range))) {
                return range;
            }
        }
        throw new Problem(ProblemCode.UNAVAILABLE, "all " + IdRange.COUNT + " id ranges are taken");
    }

    /** Gives a range back. Done already is fine. */
    public void release(IdRange range) {
        LinuxFiles.removeFile(path(range));
    }

    /** The ranges that an owner has claimed. */
    public List<IdRange> of(String owner) {
        List<IdRange> ranges = new ArrayList<>();
        try (DirectoryStream<Path> claims = Files.newDirectoryStream(directory)) {
            for (Path claim : claims) {
                if (isOf(owner, claim)) {
                    ranges.add(new IdRange(Integer.parseInt(claim.getFileName().toString())));
                }
            }
            return List.copyOf(ranges);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static boolean isOf(String owner, Path claim) throws IOException {
        try {
            return Files.readSymbolicLink(claim).toString().equals(owner);
        } catch (NoSuchFileException released) {
            return false;
        }
    }

    private String path(IdRange range) {
        return directory.resolve(Integer.toString(range.index())).toString();
    }

    /** One colon-separated file of accounts: {@code count} is the field with a number of ids, or -1 for one id. */
    private static void check(Path file, int first, int count) {
        if (!Files.exists(file)) {
            return;
        }
        try {
            for (String line : Files.readAllLines(file, java.nio.charset.StandardCharsets.ISO_8859_1)) {
                String[] fields = line.split(":", -1);
                if (fields.length > Math.max(first, count) && overlaps(fields, first, count)) {
                    throw new Problem(
                            ProblemCode.UNPROCESSABLE,
                            file + " has the line '" + line + "', whose ids overlap those of sandboxes (from "
                                    + IdRange.FIRST + " upwards); give that user other ids");
                }
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static boolean overlaps(String[] fields, int first, int count) {
        String from = fields[first];
        String many = count < 0 ? "1" : fields[count];
        if (!from.matches("[0-9]{1,10}") || !many.matches("[0-9]{1,10}")) {
            return false; // a comment or a broken line gives nobody an id
        }
        return Long.parseLong(from) + Long.parseLong(many) > IdRange.FIRST && !many.equals("0");
    }
}
