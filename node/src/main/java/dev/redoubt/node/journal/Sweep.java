package dev.redoubt.node.journal;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.disk.Disks;
import dev.redoubt.node.ranges.Ranges;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Removes what dead owners left: control groups, disks, id ranges, sockets, journal. Nothing of a living one, nothing that
 * is not named after an owner. Any number may run at the same time; each dead owner falls to the one that takes its lock.
 */
public final class Sweep {
    private static final String NEW = ".new-";
    /** A spawner takes its lock within milliseconds of its owner's beginning. */
    private static final Duration STILLBORN = Duration.ofSeconds(60);

    private final Cgroups cgroups;
    private final Disks disks;
    private final Ranges ranges;
    private final Path runDirectory;

    /** A sweep of everything of one data directory. */
    public Sweep(Cgroups cgroups, Disks disks, Ranges ranges, Path runDirectory) {
        this.cgroups = cgroups;
        this.disks = disks;
        this.ranges = ranges;
        this.runDirectory = runDirectory;
    }

    /** Sweeps, and says whose things were removed. */
    public List<String> run(DataDirectory data) {
        Path all = data.node().resolve("owners");
        List<String> swept = new ArrayList<>();
        if (!Files.isDirectory(all)) {
            return swept;
        }
        try (DirectoryStream<Path> owners = Files.newDirectoryStream(all, Files::isDirectory)) {
            for (Path owner : owners) {
                String name = owner.getFileName().toString();
                if ((!name.startsWith(NEW) || isOld(owner)) && sweep(owner, name)) {
                    swept.add(name);
                }
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return swept;
    }

    /** Whether the owner was dead and is now gone. */
    private boolean sweep(Path owner, String name) {
        try (Fd lock = LinuxFiles.open(owner.resolve("lock").toString(), LinuxFiles.O_RDWR)) {
            if (!LinuxFiles.tryLock(lock)) {
                return false;
            }
            remove(name);
            Owner.removeTree(owner);
            return true;
        } catch (LinuxException missing) {
            if (missing.errno() != Errno.ENOENT) {
                throw missing;
            }
            // swept by another, or killed before it made its lock: then it made nothing else either
            Owner.removeTree(owner);
            return false;
        }
    }

    private void remove(String owner) {
        for (String group : ofOwner(owner, cgroups.names())) {
            SandboxCgroup cgroup = cgroups.existing(group);
            cgroup.kill();
            cgroup.remove();
        }
        ofOwner(owner, disks.names()).forEach(disks::destroy);
        ranges.of(owner).forEach(ranges::release);
        LinuxFiles.removeFile(runDirectory.resolve(owner + ".sock").toString());
    }

    private static Set<String> ofOwner(String owner, Set<String> names) {
        return names.stream().filter(name -> name.startsWith(owner + "-")).collect(Collectors.toSet());
    }

    private static boolean isOld(Path owner) throws IOException {
        try {
            Instant made = Files.getLastModifiedTime(owner).toInstant();
            return made.plus(STILLBORN).isBefore(Instant.now());
        } catch (java.nio.file.NoSuchFileException publishedMeanwhile) {
            return false;
        }
    }
}
