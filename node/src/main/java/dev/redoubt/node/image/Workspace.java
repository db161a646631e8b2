package dev.redoubt.node.image;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Flock;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.TreeRemoval;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A directory under {@code tmp} for one piece of work. Its lock says that the worker lives: the kernel lets go of it
 * when the process dies, however it dies, and the next store that opens removes what is left.
 */
final class Workspace implements AutoCloseable {
    private static final String PREFIX = "work-";
    private static final String LOCK = ".lock";
    private static final String PINS = "pins";

    private static final Duration BLOBS_KEPT = Duration.ofDays(7);

    private final StoreDirectory store;
    private final Path directory;
    private final Flock alive;

    private Workspace(StoreDirectory store, Path directory, Flock alive) {
        this.store = store;
        this.directory = directory;
        this.alive = alive;
    }

    static Workspace create(StoreDirectory store) {
        // Under the shared lock: a sweeper must not come between the directory and its lock.
        return store.shared(() -> {
            try {
                Path directory = Files.createTempDirectory(store.tmp(), PREFIX);
                Flock alive = Flock.tryExclusive(lockOf(directory)).orElseThrow();
                Files.createDirectory(directory.resolve(PINS));
                return new Workspace(store, directory, alive);
            } catch (IOException cannot) {
                throw StoreDirectory.failure("cannot make a temporary directory", cannot);
            }
        });
    }

    /** Beside the directory, so that it is the last thing to go. */
    private static Path lockOf(Path directory) {
        return directory.resolveSibling(fileName(directory) + LOCK);
    }

    Path directory(String name) {
        try {
            return Files.createDirectory(directory.resolve(name));
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot make a temporary directory", cannot);
        }
    }

    /** Keeps a layer from being collected while the image that wants it is not complete. */
    void pin(Digest layer) {
        store.shared(() -> {
            try {
                Path pin = directory.resolve(PINS).resolve(layer.hex());
                if (Files.notExists(pin)) {
                    Files.createFile(pin);
                }
                return pin;
            } catch (IOException cannot) {
                throw StoreDirectory.failure("cannot pin a layer", cannot);
            }
        });
    }

    /** Layers that unfinished work wants, of every process. Call it with the exclusive lock held. */
    static Set<Digest> pinned(StoreDirectory store) throws IOException {
        Set<Digest> pinned = new HashSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(store.tmp(), PREFIX + "*")) {
            for (Path workspace : all) {
                addPins(workspace.resolve(PINS), pinned);
            }
        }
        return pinned;
    }

    private static void addPins(Path pins, Set<Digest> pinned) throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(pins)) {
            all.forEach(pin -> pinned.add(new Digest(fileName(pin))));
        } catch (NoSuchFileException | NotDirectoryException finished) {
            // Its worker is just done, and needs the exclusive lock's holder no more: or this is a lock file.
            return;
        }
    }

    /**
     * Removes what dead processes left. Returns at once when somebody else is at it.
     *
     * @return whether there was anything: then there may also be layers that belong to nothing
     */
    static boolean sweep(StoreDirectory store) {
        sweepBlobs(store.blobs());
        try (DirectoryStream<Path> all = Files.newDirectoryStream(store.tmp(), "{work,write}-*")) {
            if (!all.iterator().hasNext()) {
                return false;
            }
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot sweep", cannot);
        }
        Optional<Flock> lock = store.tryExclusive();
        if (lock.isEmpty()) {
            return false;
        }
        try (Flock _ = lock.get()) {
            return sweepDead(store);
        }
    }

    /** Pieces of downloads are kept for whoever tries again, but not for ever. */
    private static void sweepBlobs(Path blobs) {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(blobs)) {
            for (Path blob : all) {
                Instant touched = Files.getLastModifiedTime(blob).toInstant();
                if (touched.isBefore(Instant.now().minus(BLOBS_KEPT))) {
                    Flock.tryExclusive(blob).ifPresent(lock -> deleteHeld(lock, blob));
                }
            }
        } catch (NoSuchFileException goneMeanwhile) {
            // Its worker has finished; the next sweep sees the others.
            return;
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot sweep", cannot);
        }
    }

    private static void deleteHeld(Flock lock, Path blob) {
        try (lock) {
            Files.deleteIfExists(blob);
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot sweep", cannot);
        }
    }

    /** Files being written exist only while their writer holds the shared lock, which the sweeper excludes. */
    private static boolean sweepDead(StoreDirectory store) {
        boolean any = false;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(store.tmp(), "{work,write}-*")) {
            for (Path leftover : all) {
                boolean work = fileName(leftover).startsWith(PREFIX);
                any |= work ? sweepWork(store, leftover) : Files.deleteIfExists(leftover);
            }
            return any;
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot sweep", cannot);
        }
    }

    /** Removes a directory of a dead process together with its lock, whichever of the two was seen. */
    private static boolean sweepWork(StoreDirectory store, Path leftover) throws IOException {
        String name = fileName(leftover);
        String work = name.endsWith(LOCK) ? name.substring(0, name.length() - LOCK.length()) : name;
        Path lock = store.tmp().resolve(work + LOCK);
        Optional<Flock> dead = Flock.tryExclusive(lock);
        if (dead.isEmpty()) {
            return false;
        }
        try (Flock _ = dead.get()) {
            remove(store, work);
            Files.deleteIfExists(lock);
            return true;
        } catch (LinuxException written) {
            if (written.errno() == Errno.ENOTEMPTY) {
                // The kernel is still ending what unpacked for the dead process: it falls to the next sweep.
                return false;
            }
            throw written;
        }
    }

    private static void remove(StoreDirectory store, String name) {
        try (Directory tmp = Directory.open(store.tmp())) {
            TreeRemoval.remove(tmp, name.getBytes(StandardCharsets.UTF_8));
        }
    }

    static String fileName(Path path) {
        Path name = path.getFileName();
        if (name == null) {
            throw new UncheckedIOException(new IOException("a path without a name"));
        }
        return name.toString();
    }

    @Override
    public void close() {
        remove(store, fileName(directory));
        try (alive) {
            Files.deleteIfExists(lockOf(directory));
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot remove a temporary directory", cannot);
        }
    }
}
