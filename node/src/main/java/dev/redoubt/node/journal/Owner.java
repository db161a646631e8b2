package dev.redoubt.node.journal;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.ResourceName;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The journal of one spawner's life: {@code node/owners/NAME/}, with an entry per sandbox and a lock file that the spawner
 * itself keeps locked (flock(2)) for as long as it lives. Whoever can take the lock knows that it is dead, and with it
 * everything that it ran.
 *
 * <p>Entries are renamed into place but not synced: they describe kernel objects, which a power failure removes too.
 */
public final class Owner {
    static final String ALL = "owners";
    static final String NEW = ".new-";
    static final String LOCK = "lock";
    private static final String DAEMON = "daemon-owner";
    private static final String DAEMON_LOCK = "daemon-lock";
    private static final String PART = ".part";
    private static final String CORRUPT = ".corrupt-";
    private static final String ENTRIES = "sbx_*";

    private static final String KEPT = "kept-";
    private static final int HASH_BYTES = 16;

    private final DataDirectory data;
    private final String name;
    private final Set<String> keptHere = new HashSet<>();
    private Path directory;

    private Owner(DataDirectory data, String name, Path directory) {
        this.data = data;
        this.name = name;
        this.directory = directory;
    }

    /**
     * The lock of the one daemon that a data directory can have, held for as long as the descriptor is open. Two would
     * each take the other's prepared sandboxes for what a dead one left.
     *
     * @throws Problem CONFLICT when a daemon lives
     */
    public static Fd lockDaemon(DataDirectory data) {
        Fd lock = LinuxFiles.open(
                data.node().resolve(DAEMON_LOCK).toString(), LinuxFiles.O_RDWR | LinuxFiles.O_CREAT, 0600);
        if (LinuxFiles.tryLock(lock)) {
            return lock;
        }
        lock.close();
        throw new Problem(
                ProblemCode.CONFLICT,
                "a node daemon already runs on the data directory " + data.path()
                        + ": end it first, or set REDOUBT_DATA_DIR and REDOUBT_RUN_DIR to other places");
    }

    /**
     * A new owner, not to be seen by others until {@link #publish}: its spawner has yet to take the lock.
     *
     * @param run where it will have its sockets; kept in the lock's file for whoever sweeps, who may have another
     */
    public static Owner begin(DataDirectory data, RunDirectory run) {
        String name = randomName();
        Path all = data.nodeDirectory(ALL);
        Path directory = all.resolve(NEW + name);
        LinuxFiles.makeDirectory(directory.toString(), 0700);
        Owner owner = new Owner(data, name, directory);
        write(owner.lockFile(), run.path().toString());
        return owner;
    }

    /** By the kernel: SecureRandom costs a short command tens of milliseconds to load. */
    private static String randomName() {
        String uuid = LinuxFiles.readOnce("/proc/sys/kernel/random/uuid").replace("-", "");
        return uuid.substring(uuid.length() / 2);
    }

    /** The owner of the daemon that ran here last, if its journal is still there; its spawner may be alive or dead. */
    public static Optional<Owner> ofDaemon(DataDirectory data) {
        try {
            String name = Files.readString(data.node().resolve(DAEMON)).strip();
            if (!ResourceName.isPlain(name)) {
                return Optional.empty(); // damaged by a power failure, which no sandbox outlives
            }
            Path directory = data.node().resolve(ALL).resolve(name);
            return Files.isDirectory(directory) ? Optional.of(new Owner(data, name, directory)) : Optional.empty();
        } catch (NoSuchFileException | CharacterCodingException never) {
            return Optional.empty();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** A plain name; the first part of the names of all it makes. */
    public String name() {
        return name;
    }

    /** Where a dead owner had its sockets; empty when it was killed before it had any, or that directory is gone. */
    static Optional<RunDirectory> runDirectory(Fd lock) {
        String path = LinuxFiles.readOnce(lock);
        boolean damaged =
                !path.startsWith("/") || path.indexOf('\0') >= 0; // by a power failure: then there is no socket
        return damaged ? Optional.empty() : RunDirectory.existing(Path.of(path));
    }

    /** The file that the spawner is to lock. */
    public Path lockFile() {
        return directory.resolve(LOCK);
    }

    /** The spawner holds the lock: from now on the sweeps of others judge by it. */
    public void publish() {
        Path published = data.node().resolve(ALL).resolve(name);
        try {
            directory = Files.move(directory, published, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Makes this the owner that the next daemon looks for. */
    public void nameDaemon() {
        replace(data.node().resolve(DAEMON), name + "\n");
    }

    /** Writes or replaces the entry of a sandbox, which starts now. */
    public void write(Entry entry) {
        replace(directory.resolve(entry.id().value()), entry.text());
    }

    /**
     * Keeps a text that many entries have in common.
     *
     * @return its name, for {@link #kept}; the same text has the same
     */
    public synchronized String keep(String text) {
        String name = KEPT + sha256(text);
        if (keptHere.add(name)) {
            replace(directory.resolve(name), text);
        }
        return name;
    }

    /** A text of that name; empty when it is not there. */
    public Optional<String> kept(String name) {
        try {
            return Optional.of(Files.readString(directory.resolve(ResourceName.check(name))));
        } catch (NoSuchFileException never) {
            return Optional.empty();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java has SHA-256", impossible);
        }
    }

    /** A sandbox starts of which the entry says all already: its file's time is when. */
    public void startsNow(SandboxId id) {
        LinuxFiles.touch(directory.resolve(id.value()).toString());
    }

    /** When a sandbox that has an entry started. */
    public Instant started(SandboxId id) {
        try {
            return Files.getLastModifiedTime(directory.resolve(id.value())).toInstant();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** Removes the entry of a sandbox of which nothing is left. */
    public void remove(SandboxId id) {
        LinuxFiles.removeFile(directory.resolve(id.value()).toString());
    }

    /** All entries; one that cannot be read is passed over, because a sweep goes by names, not by entries. */
    public List<Entry> entries() {
        return files(directory).stream()
                .map(Owner::read)
                .flatMap(Optional::stream)
                .toList();
    }

    /** Keeps the entries that nobody can read, for whoever wants to know what happened. */
    static List<Path> moveCorruptAside(Path directory) {
        List<Path> moved = new ArrayList<>();
        for (Path file : files(directory)) {
            if (read(file).isEmpty()) {
                moved.add(moveAside(file));
            }
        }
        return moved;
    }

    private static Path moveAside(Path file) {
        Path directory = file.resolveSibling("").normalize();
        Path aside = directory.resolveSibling(CORRUPT + directory.getFileName() + "-" + file.getFileName());
        try {
            return Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Whole entries; a half-written one has another name. */
    private static List<Path> files(Path directory) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, ENTRIES)) {
            found.forEach(files::add);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        files.removeIf(file -> file.toString().endsWith(PART));
        return files;
    }

    /** Nothing of it is left: removes the journal itself. */
    public void end() {
        removeTree(directory);
    }

    /** @return whether it was this call that removed the directory; of any number at once it is one */
    static boolean removeTree(Path directory) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            return Files.deleteIfExists(directory);
        } catch (NoSuchFileException | DirectoryNotEmptyException busy) {
            return false; // another sweep was faster, or has just opened the lock and goes on with the rest
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** @return empty when it is gone or not an entry */
    private static Optional<Entry> read(Path file) {
        try {
            return Optional.of(Entry.parse(Files.readString(file)));
        } catch (NoSuchFileException | CharacterCodingException | IllegalArgumentException noEntry) {
            return Optional.empty();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static void replace(Path file, String text) {
        Path part = file.resolveSibling(file.getFileName() + PART);
        write(part, text);
        try {
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failed) {
            throw unwritable(file, failed);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(
                    file,
                    text,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);
        } catch (IOException failed) {
            throw unwritable(file, failed);
        }
    }

    /** An older entry is then still whole, and nothing has been made yet for a new one. */
    private static Problem unwritable(Path file, IOException failed) {
        return new Problem(
                ProblemCode.STORAGE_FULL,
                "the journal cannot be written (" + failed.getMessage() + "): free some space on the file system of "
                        + file,
                failed);
    }
}
