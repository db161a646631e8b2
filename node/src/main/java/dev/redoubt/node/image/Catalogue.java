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
import java.util.stream.Stream;

/**
 * Which images there are, under which names, and who uses them. Callers hold the store's lock.
 *
 * <p>A file that this version does not understand, because it is damaged or another version wrote it, is passed over by
 * whoever wants all, and refused to whoever asks for it by name.
 */
final class Catalogue {
    private static final Pattern OWNER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

    private static final int MOST_REMEMBERED = 256;

    private final StoreDirectory store;
    private final Map<String, Path> references = new ConcurrentHashMap<>();
    private final Map<String, Named> resolved = new ConcurrentHashMap<>();

    Catalogue(StoreDirectory store) {
        this.store = store;
    }

    void put(ImageRecord image) {
        store.write(record(image.digest()), image.text());
    }

    /** @throws ImageException when there is a record that cannot be read */
    Optional<ImageRecord> find(Digest digest) {
        Optional<String> text = text(record(digest));
        Optional<ImageRecord> found = text.flatMap(ImageRecord::parse);
        if (text.isPresent() && found.isEmpty()) {
            throw unreadable("the image " + digest);
        }
        return found;
    }

    /** The record, when there is one that can be read. */
    Optional<ImageRecord> readable(Digest digest) {
        return text(record(digest)).flatMap(ImageRecord::parse);
    }

    boolean isUnreadable(Digest digest) {
        return text(record(digest))
                .filter(text -> ImageRecord.parse(text).isEmpty())
                .isPresent();
    }

    void name(String name, Digest digest) {
        store.write(reference(name), digest + " " + name + "\n");
    }

    /** @throws ImageException when there is such a name and what it leads to cannot be read */
    Optional<Digest> named(String name) {
        Path file = reference(name);
        Optional<String> text = text(file);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Named named = resolved.get(name);
        if (named == null || !named.written().equals(text.get())) {
            named = named(file, text.get()).orElseThrow(() -> unreadable("the image name " + name));
            remember(named);
        }
        return Optional.of(named.image());
    }

    private static ImageException unreadable(String what) {
        return new ImageException(
                Reason.STORE,
                what + " is damaged, or another version of Redoubt wrote it: remove it, then import or pull it again");
    }

    /** What a name's file said, and what that means. */
    private record Named(String written, String name, Digest image) {}

    /** Names that were read before need not be taken apart and hashed again at every start. */
    private void remember(Named named) {
        if (resolved.size() >= MOST_REMEMBERED) {
            resolved.clear();
        }
        resolved.put(named.name(), named);
    }

    /** A name's file is named by the name, so that one which was meant otherwise shows. */
    private static Optional<Named> named(Path file, String written) {
        return Optional.of(written)
                .filter(text -> text.endsWith("\n"))
                .map(text -> text.strip().split(" ", 2))
                .filter(words -> words.length == 2 && Digest.isDigest(words[0]) && isNameOf(words[1], file))
                .map(words -> new Named(written, words[1], Digest.parse(words[0])));
    }

    private static boolean isNameOf(String name, Path file) {
        return Digest.of(name).hex().equals(Workspace.fileName(file));
    }

    void unname(String name) {
        delete(reference(name));
    }

    /** All names that can be read, sorted. */
    Map<String, Digest> names() {
        Map<String, Digest> names = new TreeMap<>();
        for (Path file : files(store.refs())) {
            text(file)
                    .flatMap(written -> named(file, written))
                    .ifPresent(named -> names.put(named.name(), named.image()));
        }
        return names;
    }

    /** Files that lead to no image that we know of, by the name to remove them by: theirs, if the file still tells it. */
    Map<String, Path> strangers() {
        Map<String, Path> strangers = new TreeMap<>();
        for (Path file : files(store.refs())) {
            text(file)
                    .filter(written -> named(file, written).isEmpty())
                    .ifPresent(written -> strangers.put(nameIn(file, written), file));
        }
        for (Path file : files(store.manifests())) {
            if (!Digest.isHex(Workspace.fileName(file))) {
                strangers.put(Workspace.fileName(file), file);
            }
        }
        return strangers;
    }

    /** One of {@link #strangers}, also by the name that its file was made for and does not tell any more. */
    Optional<Path> stranger(String name) {
        Map<String, Path> strangers = strangers();
        Path meant = reference(name);
        return Optional.ofNullable(strangers.get(name))
                .or(() -> Optional.of(meant).filter(strangers::containsValue));
    }

    private static String nameIn(Path file, String written) {
        return Stream.of(written.strip().split("\\s+", -1))
                .filter(word -> isNameOf(word, file))
                .findFirst()
                .orElse(Workspace.fileName(file));
    }

    /** @param stranger one of {@link #strangers} */
    void discard(Path stranger) {
        delete(stranger);
    }

    Set<Digest> images() {
        Set<Digest> digests = new HashSet<>();
        for (Path file : files(store.manifests())) {
            if (Digest.isHex(Workspace.fileName(file))) {
                digests.add(new Digest(Workspace.fileName(file)));
            }
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
        if (references.size() >= MOST_REMEMBERED) {
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

    /** What a file says, nothing when there is none. It says "", as none of ours does, when it cannot be read. */
    private static Optional<String> text(Path file) {
        try {
            return Optional.of(LinuxFiles.text(file.toString()));
        } catch (LinuxException unreadable) {
            return unreadable.errno() == Errno.ENOENT ? Optional.empty() : Optional.of("");
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
