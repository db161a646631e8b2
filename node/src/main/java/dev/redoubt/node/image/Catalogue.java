package dev.redoubt.node.image;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.image.ImageException.Reason;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** Which images there are, under which names, and who uses them. Callers hold the store's lock. */
final class Catalogue {
    private static final Pattern OWNER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

    private static final int MOST_REFERENCES = 256;

    private final StoreDirectory store;
    private final Map<String, Path> references = new ConcurrentHashMap<>();

    Catalogue(StoreDirectory store) {
        this.store = store;
    }

    void put(ImageRecord image) {
        store.write(record(image.digest()), image.text());
    }

    Optional<ImageRecord> find(Digest digest) {
        return read(record(digest)).map(ImageRecord::parse);
    }

    void name(String name, Digest digest) {
        store.write(reference(name), digest + " " + name + "\n");
    }

    Optional<Digest> named(String name) {
        try {
            return Optional.of(digestIn(LinuxFiles.readOnce(reference(name).toString())));
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    private static Digest digestIn(String reference) {
        String word = reference.split(" ", 2)[0];
        if (!Digest.isDigest(word)) {
            throw new ImageException(Reason.STORE, "an image name is damaged");
        }
        return Digest.parse(word);
    }

    void unname(String name) {
        delete(reference(name));
    }

    /** All names, sorted. */
    Map<String, Digest> names() {
        Map<String, Digest> names = new TreeMap<>();
        for (Path file : files(store.refs())) {
            read(file).ifPresent(text -> names.put(text.strip().substring(text.indexOf(' ') + 1), digestIn(text)));
        }
        return names;
    }

    Set<Digest> images() {
        Set<Digest> digests = new HashSet<>();
        for (Path file : files(store.manifests())) {
            digests.add(new Digest(Workspace.fileName(file)));
        }
        return digests;
    }

    void forget(Digest image) {
        delete(record(image));
    }

    /**
     * Marks an image as used: a symbolic link, which one system call makes whole. Not synced: the owner does not outlive a
     * power cut either.
     */
    void use(Digest image, String owner) {
        String mark = use(owner).toString();
        while (!LinuxFiles.symlink(image.toString(), mark)) {
            LinuxFiles.removeFile(mark);
        }
    }

    void release(String owner) {
        LinuxFiles.removeFile(use(owner).toString());
    }

    /** Owners, and what each uses. */
    Map<String, Digest> uses() {
        Map<String, Digest> uses = new TreeMap<>();
        for (Path file : files(store.uses())) {
            Optional<String> digest = target(file).filter(Digest::isDigest);
            digest.ifPresent(text -> uses.put(Workspace.fileName(file), Digest.parse(text)));
        }
        return uses;
    }

    private Path record(Digest digest) {
        return store.manifests().resolve(digest.hex());
    }

    /** Named by the name's digest: no name is a path, and none is too long. */
    private Path reference(String name) {
        if (references.size() >= MOST_REFERENCES) {
            references.clear();
        }
        return references.computeIfAbsent(
                name, wanted -> store.refs().resolve(Digest.of(wanted).hex()));
    }

    private Path use(String owner) {
        if (!OWNER.matcher(owner).matches()) {
            throw new IllegalArgumentException("not the name of an owner");
        }
        return store.uses().resolve(owner);
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException cannot) {
            throw new ImageException(Reason.STORE, "cannot read " + file, cannot);
        }
    }

    private static Optional<String> target(Path link) {
        try {
            return Optional.of(Files.readSymbolicLink(link).toString());
        } catch (NoSuchFileException | NotLinkException released) {
            return Optional.empty();
        } catch (IOException cannot) {
            throw new ImageException(Reason.STORE, "cannot read " + link, cannot);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot remove " + file, cannot);
        }
    }

    private static List<Path> files(Path directory) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
            all.forEach(files::add);
            return files;
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot list " + directory, cannot);
        }
    }
}
