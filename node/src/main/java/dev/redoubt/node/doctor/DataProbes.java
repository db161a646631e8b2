package dev.redoubt.node.doctor;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileSystemSpace;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.DirectoryException;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.disk.DiskException;
import dev.redoubt.node.disk.Disks;
import dev.redoubt.node.disk.Mechanism;
import dev.redoubt.node.doctor.Finding.Fit;
import dev.redoubt.node.doctor.Finding.Missing;
import dev.redoubt.node.doctor.Finding.Weak;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.protocol.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The data directory and what is kept in it. Everything that would leave something behind is tried in a scratch directory
 * beside it, on the same file system.
 */
final class DataProbes {
    private static final long LITTLE = 5L << 30;
    private static final long TOO_LITTLE = 1L << 30;

    private DataProbes() {}

    static List<Finding> look(Path data) {
        Path place = existing(data);
        List<Finding> findings = new ArrayList<>();
        findings.add(directory(data));
        findings.add(space(place));
        try {
            Path scratch = Files.createTempDirectory(place, ".redoubt-doctor-");
            try {
                findings.addAll(FileSystemProbes.look(Files.createDirectory(scratch.resolve("root"))));
                findings.addAll(inside(DataDirectory.open(scratch.resolve("data"))));
            } finally {
                remove(scratch);
            }
        } catch (IOException | DirectoryException refused) {
            findings.add(new Missing(
                    "data",
                    "a directory that takes writes",
                    String.valueOf(refused.getMessage()),
                    "make " + place + " writable"));
        }
        return findings;
    }

    private static Path existing(Path path) {
        Path at = path.toAbsolutePath();
        while (!Files.isDirectory(at) && at.getParent() != null) {
            at = at.getParent();
        }
        return at;
    }

    private static Finding directory(Path data) {
        String what = "a data directory that only root can enter";
        if (!Files.exists(data)) {
            return new Fit("data", what, data + " will be made");
        }
        try {
            return new Fit("data", what, DataDirectory.open(data).path().toString());
        } catch (DirectoryException refused) {
            return new Missing(
                    "data", what, String.valueOf(refused.getMessage()), "as it says, or set REDOUBT_DATA_DIR");
        }
    }

    static Finding runDirectory(Path run) {
        String what = "a run directory that only root can enter";
        try {
            String found = RunDirectory.existing(run)
                    .map(there -> there.path().toString())
                    .orElse(run + " will be made");
            return new Fit("data", what, found);
        } catch (DirectoryException refused) {
            return new Missing(
                    "data", what, String.valueOf(refused.getMessage()), "as it says, or set REDOUBT_RUN_DIR");
        }
    }

    private static Finding space(Path place) {
        String what = "free space at " + place;
        try (Fd directory = LinuxFiles.open(place.toString(), LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY)) {
            FileSystemSpace space = LinuxFiles.space(directory);
            return space(what, space.available());
        } catch (LinuxException refused) {
            return new Missing(
                    "data", what, String.valueOf(refused.getMessage()), "set REDOUBT_DATA_DIR to another place");
        }
    }

    static Finding space(String what, long available) {
        String found = "%.1f GiB".formatted(available / (double) (1L << 30));
        String mend = "free some, or set REDOUBT_DATA_DIR to a larger file system";
        if (available < TOO_LITTLE) {
            return new Missing("data", what, found, mend);
        }
        return available < LITTLE ? new Weak("data", what, found, mend) : new Fit("data", what, found);
    }

    private static List<Finding> inside(DataDirectory scratch) {
        return List.of(ranges(scratch), disks(scratch));
    }

    private static Finding ranges(DataDirectory scratch) {
        String what = "ids from 524288 upwards that no user of the host has";
        try {
            Ranges.open(scratch);
            return new Fit("users", what, "none of /etc/subuid, subgid, passwd, group overlaps");
        } catch (Problem overlap) {
            return new Missing("users", what, String.valueOf(overlap.getMessage()), "give that user other ids");
        }
    }

    private static Finding disks(DataDirectory scratch) {
        String what = "a file system that holds a limit per sandbox";
        try (Disks disks = Disks.open(scratch)) {
            Mechanism mechanism = disks.mechanism();
            return mechanism == Mechanism.MEMORY
                    ? new Weak(
                            "disk limit",
                            what,
                            mechanism.description(),
                            "install btrfs-progs, and load the loop and btrfs modules")
                    : new Fit("disk limit", what, mechanism.description());
        } catch (DiskException refused) {
            return new Missing(
                    "disk limit", what, String.valueOf(refused.getMessage()), "free some space at the data directory");
        }
    }

    private static void remove(Path scratch) throws IOException {
        List<Path> all;
        try (Stream<Path> found = Files.walk(scratch)) {
            all = found.toList();
        }
        for (Path path : all.reversed()) {
            Files.delete(path);
        }
    }
}
