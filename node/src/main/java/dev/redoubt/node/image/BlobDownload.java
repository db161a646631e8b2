package dev.redoubt.node.image;

import dev.redoubt.linux.Flock;
import dev.redoubt.node.image.Documents.Descriptor;
import dev.redoubt.node.image.ImageException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One blob on its way to {@code tmp/blobs/<digest>}. What has come stays there when the connection or this process
 * breaks, and the next attempt, in this process or another, asks for the rest only.
 */
final class BlobDownload {
    private static final int ATTEMPTS = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int BUFFER = 1 << 16;
    private static final long PROGRESS_STEP = 1 << 20;

    private final RegistryClient registry;
    private final Descriptor blob;
    private final Path file;
    private final Consumer<ImageEvent> progress;

    BlobDownload(RegistryClient registry, Descriptor blob, Path directory, Consumer<ImageEvent> progress) {
        this.registry = registry;
        this.blob = blob;
        this.file = directory.resolve(blob.digest().hex());
        this.progress = progress;
    }

    Path file() {
        return file;
    }

    /**
     * For one worker at a time.
     *
     * @return empty while another has it
     */
    Optional<Flock> tryLock() {
        Optional<Flock> lock = Flock.tryExclusive(file);
        if (lock.isPresent() && !lock.get().isOf(file)) {
            lock.get().close();
            return Optional.empty();
        }
        return lock;
    }

    /** Fetches what is missing and checks the whole; with the lock held. */
    void complete() throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                fetchRest();
                return;
            } catch (IOException broken) {
                if (attempt == ATTEMPTS) {
                    throw registry.failed("the connection keeps breaking:", broken);
                }
            }
        }
    }

    private void fetchRest() throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MessageDigest digest = Digest.algorithm();
            long have = digestExisting(channel, digest);
            if (have < blob.size()) {
                have = download(channel, digest, have);
            }
            check(have, digest);
        }
    }

    /** @return how much there is; nothing when it is more than there can be */
    private long digestExisting(FileChannel channel, MessageDigest digest) throws IOException {
        if (channel.size() > blob.size()) {
            channel.truncate(0);
        }
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        while (channel.read(buffer) >= 0) {
            digest.update(buffer.flip());
            buffer.clear();
        }
        return channel.position();
    }

    private long download(FileChannel channel, MessageDigest digest, long have) throws IOException {
        Map<String, String> range = have == 0 ? Map.of() : Map.of("Range", "bytes=" + have + "-");
        try (RegistryClient.Reply reply = registry.get("blobs/" + blob.digest(), range)) {
            boolean continued = have > 0
                    && reply.status() == 206
                    && reply.header("Content-Range").orElse("").startsWith("bytes " + have + "-");
            if (!continued) {
                // A registry that cannot resume sends all of it again.
                channel.truncate(0);
                channel.position(0);
                digest.reset();
            }
            if (reply.status() == 416 || (reply.status() == 206 && !continued)) {
                throw new IOException("the registry sent another part than was asked for");
            }
            try (InputStream body = new StallGuard(reply.body(), PATIENCE)) {
                return copy(body, channel, digest);
            }
        }
    }

    private long copy(InputStream body, FileChannel channel, MessageDigest digest) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long reported = channel.position();
        for (int length = body.read(buffer); length >= 0; length = body.read(buffer)) {
            if (channel.position() + length > blob.size()) {
                throw wrong("longer than the " + blob.size() + " bytes promised");
            }
            digest.update(buffer, 0, length);
            ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, length);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            if (channel.position() - reported >= PROGRESS_STEP || channel.position() == blob.size()) {
                reported = channel.position();
                progress.accept(new ImageEvent.Downloading(blob.digest(), reported, blob.size()));
            }
        }
        return channel.position();
    }

    private void check(long have, MessageDigest digest) throws IOException {
        if (have < blob.size()) {
            throw new IOException("the registry sent " + have + " of " + blob.size() + " bytes");
        }
        Digest found = Digest.of(digest, new byte[0]);
        if (!found.equals(blob.digest())) {
            throw wrong(found.toString());
        }
    }

    /** Not worth keeping: another attempt would go on from wrong bytes. */
    private ImageException wrong(String what) throws IOException {
        Files.deleteIfExists(file);
        return new ImageException(
                Reason.WRONG_DIGEST, "a blob from the registry is " + what + " and not " + blob.digest());
    }
}
