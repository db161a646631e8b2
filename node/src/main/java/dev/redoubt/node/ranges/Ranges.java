package dev.redoubt.node.ranges;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.ResourceName;
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
        HostIds.checkNoneOverlaps(Path.of("/etc"));
        return new Ranges(data.nodeDirectory("ranges"));
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
            if (LinuxFiles.symlink(ResourceName.check(owner), path(range))) {
                return range;
            }
        }
        throw new Problem(ProblemCode.UNAVAILABLE, "all " + IdRange.COUNT + " id ranges are taken");
    }

    /**
     * Gives a range of {@code owner} back. Done already is fine, even if it is somebody else's by now: a sweep may have given
     * it back before an owner whose spawner died does. One release at a time, so that nobody's claim comes between the question
     * whose it is and its removal.
     */
    public void release(String owner, IdRange range) {
        Path claim = Path.of(path(range));
        try (Fd releasing = LinuxFiles.open(directory.toString(), LinuxFiles.O_RDONLY)) {
            LinuxFiles.lock(releasing);
            if (isOf(owner, claim)) {
                LinuxFiles.removeFile(claim.toString());
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** The ranges that an owner has claimed. */
    public List<IdRange> of(String owner) {
        List<IdRange> ranges = new ArrayList<>();
        try (DirectoryStream<Path> claims = Files.newDirectoryStream(directory, "[0-9]*")) {
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
}
