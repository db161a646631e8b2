package dev.redoubt.node.image;

import dev.redoubt.linux.Flock;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The places of the store and its one lock.
 *
 * <p>The lock is held shared to add something and exclusively to take something away, each time only for the instant of
 * the change, never while anything is downloaded or unpacked.
 */
record StoreDirectory(Path root) {
    private static final long PAUSE_MILLIS = 10;

    static StoreDirectory make(Path root) {
        StoreDirectory store = new StoreDirectory(root);
        try {
            Files.createDirectories(root);
            // Layers keep set-user-ID files of strangers: nobody but root may reach them.
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
            for (Path part : List.of(
                    store.layers(), store.manifests(), store.refs(), store.uses(), store.locks(), store.blobs())) {
                Files.createDirectories(part);
            }
            return store;
        } catch (IOException cannot) {
            throw failure("cannot make the image store " + root, cannot);
        }
    }

    Path layers() {
        return root.resolve("layers");
    }

    Path manifests() {
        return root.resolve("manifests");
    }

    Path refs() {
        return root.resolve("refs");
    }

    Path uses() {
        return root.resolve("uses");
    }

    Path tmp() {
        return root.resolve("tmp");
    }

    /** Pieces of downloads, named by digest. */
    Path blobs() {
        return tmp().resolve("blobs");
    }

    Path locks() {
        return root.resolve("locks");
    }

    private Path lock() {
        return root.resolve("lock");
    }

    /** For adding: keeps collectors away. */
    <T> T shared(Supplier<T> change) {
        try (Flock _ = await(() -> Flock.tryShared(lock()), () -> {})) {
            return change.get();
        }
    }

    /** For taking away: keeps everyone away. */
    <T> T exclusive(Supplier<T> change) {
        try (Flock _ = await(() -> Flock.tryExclusive(lock()), () -> {})) {
            return change.get();
        }
    }

    Optional<Flock> tryExclusive() {
        return Flock.tryExclusive(lock());
    }

    /** So that only one process at a time makes {@code what}; others wait and then find it made. */
    Flock making(String what, Consumer<ImageEvent> progress) {
        Path file = locks().resolve(Digest.of(what).hex());
        return await(() -> Flock.tryExclusive(file), () -> progress.accept(new ImageEvent.Waiting(what)));
    }

    /** Asks again and again instead of waiting in the kernel, so that a virtual thread can wait here too. */
    Flock await(Supplier<Optional<Flock>> attempt, Runnable waiting) {
        Optional<Flock> first = attempt.get();
        if (first.isPresent()) {
            return first.get();
        }
        waiting.run();
        while (true) {
            pause();
            Optional<Flock> next = attempt.get();
            if (next.isPresent()) {
                return next.get();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Reason.STORE, "interrupted while waiting for a lock", asked);
        }
    }

    /** All or nothing, also when the power goes: written aside, synced, renamed over. */
    void write(Path file, String text) {
        Path parent = Objects.requireNonNull(file.getParent());
        try {
            Path aside = Files.createTempFile(tmp(), "write-", "");
            try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.WRITE)) {
                channel.write(StandardCharsets.UTF_8.encode(text));
                channel.force(true);
            }
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
            sync(parent);
        } catch (IOException cannot) {
            throw failure("cannot write " + file, cannot);
        }
    }

    static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static ImageException failure(String message, IOException cause) {
        String detail = cause.getMessage() == null ? "" : cause.getMessage();
        boolean full = detail.contains("No space left") || detail.contains("Disk quota exceeded");
        ImageException.Reason reason = full ? ImageException.Reason.STORAGE_FULL : ImageException.Reason.STORE;
        return new ImageException(reason, message + ": " + detail, cause);
    }
}
