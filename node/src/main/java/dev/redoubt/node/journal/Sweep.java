package dev.redoubt.node.journal;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.DirectoryException;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.disk.DiskException;
import dev.redoubt.node.disk.Disks;
import dev.redoubt.node.image.ImageException;
import dev.redoubt.node.image.ImageStore;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.protocol.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Removes what dead owners left: processes with their control groups, disks, their hold on images, id ranges, sockets,
 * journal, in this order, so that an id is free only when nothing can run under it any more. Nothing of a living one,
 * nothing that is not named after an owner.
 *
 * <p>Any number may run at the same time; each dead owner falls to the one that takes its lock. What a killed sweep leaves
 * still carries the owner's name and falls to the next.
 */
public final class Sweep {
    /** A spawner takes its lock within milliseconds of its owner's beginning. */
    private static final Duration STILLBORN = Duration.ofSeconds(60);

    private final Cgroups cgroups;
    private final Disks disks;
    private final ImageStore images;
    private final Ranges ranges;

    /** A sweep of everything of one data directory. */
    public Sweep(Cgroups cgroups, Disks disks, ImageStore images, Ranges ranges) {
        this.cgroups = cgroups;
        this.disks = disks;
        this.images = images;
        this.ranges = ranges;
    }

    /** Sweeps. One owner that resists does not keep the others, or the node, from going on: it is a problem in the report. */
    public SweepReport run(DataDirectory data) {
        List<String> removed = new ArrayList<>();
        List<Path> corrupt = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (Path owner : owners(data)) {
            try {
                if (isRipe(owner) && sweep(owner, corrupt)) {
                    removed.add(name(owner));
                }
            } catch (CgroupException
                    | DirectoryException
                    | DiskException
                    | ImageException
                    | LinuxException
                    | Problem
                    | UncheckedIOException failed) {
                problems.add(name(owner) + ": " + failed.getMessage());
            }
        }
        return new SweepReport(removed, corrupt, problems);
    }

    /** Whether some owner is dead: asked before what a sweep needs is opened, which takes longer than listing images. */
    public static boolean isDue(DataDirectory data) {
        for (Path owner : owners(data)) {
            Optional<Fd> dead = isRipe(owner) ? lockOfDead(owner) : Optional.empty();
            if (dead.isPresent()) {
                dead.get().close();
                return true;
            }
        }
        return false;
    }

    private static List<Path> owners(DataDirectory data) {
        List<Path> owners = new ArrayList<>();
        Path all = data.nodeDirectory(Owner.ALL);
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(all, Files::isDirectory)) {
            directories.forEach(owners::add);
            return owners;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static String name(Path owner) {
        return owner.getFileName().toString();
    }

    /** One that has only begun has a lock that nobody holds yet. */
    private static boolean isRipe(Path owner) {
        if (!name(owner).startsWith(Owner.NEW)) {
            return true;
        }
        try {
            Instant made = Files.getLastModifiedTime(owner).toInstant();
            return made.plus(STILLBORN).isBefore(Instant.now());
        } catch (IOException publishedMeanwhile) {
            return false;
        }
    }

    /** @return whether the owner was dead and it was this sweep that ended its journal: the last of those at it */
    private boolean sweep(Path owner, List<Path> corrupt) {
        Optional<Fd> dead = lockOfDead(owner);
        if (dead.isEmpty()) {
            return false;
        }
        try (Fd lock = dead.get()) {
            corrupt.addAll(Owner.moveCorruptAside(owner));
            removeAllBut(name(owner), List.of());
            Owner.runDirectory(lock).ifPresent(run -> removeSockets(run, name(owner)));
            return Owner.removeTree(owner);
        }
    }

    /** The owner's lock, now ours; empty while the owner lives, or when another sweep is at it. */
    private static Optional<Fd> lockOfDead(Path owner) {
        Path file = owner.resolve(Owner.LOCK);
        try {
            Fd lock = LinuxFiles.open(file.toString(), LinuxFiles.O_RDWR | LinuxFiles.O_CREAT, 0600);
            if (LinuxFiles.tryLock(lock) && isStill(file, lock)) {
                return Optional.of(lock);
            }
            lock.close();
            return Optional.empty();
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty(); // swept by another since we listed it
            }
            throw refused;
        }
    }

    /** Two sweeps may have opened the same lock; the second gets it when the first has removed the file. */
    private static boolean isStill(Path file, Fd lock) {
        return LinuxFiles.status(file.toString()).inode()
                == LinuxFiles.status(lock).inode();
    }

    private static void removeSockets(RunDirectory run, String owner) {
        // one that was never published has its socket under the name that it would have got
        String named = owner.startsWith(Owner.NEW) ? owner.substring(Owner.NEW.length()) : owner;
        run.remove(named);
        run.removeDeadDaemonsSocket();
    }

    /**
     * Removes what an owner made and none of {@code alive} has: parts of sandboxes in the making when their node died. By
     * name and not by entry: what has no entry would never be removed.
     *
     * @param alive entries whose parts stay
     */
    public void removeAllBut(String owner, List<Entry> alive) {
        Set<String> kept = alive.stream().map(Entry::resources).collect(Collectors.toSet());
        List<SandboxCgroup> groups =
                ofOwner(owner, cgroups.names(), kept).map(cgroups::existing).toList();
        groups.forEach(SandboxCgroup::kill);
        groups.forEach(SandboxCgroup::remove);
        ofOwner(owner, disks.names(), kept).forEach(disks::destroy);
        ofOwner(owner, images.users(), kept).forEach(images::release);
        List<IdRange> claimed = alive.stream().map(Entry::range).toList();
        ranges.of(owner).stream()
                .filter(range -> !claimed.contains(range))
                .forEach(range -> ranges.release(owner, range));
    }

    private static Stream<String> ofOwner(String owner, Set<String> names, Set<String> kept) {
        return names.stream().filter(name -> name.startsWith(owner + "-") && !kept.contains(name));
    }
}
