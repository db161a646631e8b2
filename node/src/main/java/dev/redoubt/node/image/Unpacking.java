package dev.redoubt.node.image;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.unpack.Compression;
import dev.redoubt.node.image.unpack.Limits;
import dev.redoubt.node.image.unpack.Refusal;
import dev.redoubt.node.image.unpack.Report;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One archive on its way into a directory: source, decompressing sandbox, digest, unpacking sandbox.
 *
 * <p>The digest is taken here, between the two, of exactly the bytes that the unpacking sandbox gets.
 */
final class Unpacking implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    private static final int PROGRESS_STEP = 16 << 20;
    /** A decompressor writes no file, but zstd's library writes itself into its temporary directory. */
    private static final long LARGEST_SCRATCH = 32 << 20;

    /**
     * What came out.
     *
     * @param diffId digest of the uncompressed archive
     * @param bytes of all files
     * @param implicit directories that had no entry of their own, byte strings
     */
    record Unpacked(Digest diffId, long bytes, List<String> implicit) {}

    private final UnpackSandboxes sandboxes;
    private final Limits limits;
    private final Consumer<Long> progress;
    private final Patience patience;
    private final List<UnpackSandbox> started = new ArrayList<>(); // under its lock
    private boolean stopped; // under the lock of started

    Unpacking(UnpackSandboxes sandboxes, Limits limits, Consumer<Long> progress) {
        this.sandboxes = sandboxes;
        this.limits = limits;
        this.progress = progress;
        this.patience = new Patience(sandboxes.patience());
    }

    /**
     * Unpacks below {@code target}.
     *
     * @param skeleton an empty directory
     * @throws ArchiveRefused for what the archive holds
     * @throws IOException when {@code source} cannot be read
     */
    Unpacked unpack(InputStream source, Path skeleton, Path target) throws IOException {
        try (Watch watch = Watch.start(patience, new DiskGauge(target, limits), this::stop)) {
            try {
                Unpacked unpacked = unpack(new Source(source, patience), skeleton, target);
                watch.check();
                return unpacked;
            } catch (ImageException | IOException consequence) {
                watch.check();
                throw consequence;
            }
        }
    }

    private Unpacked unpack(Source source, Path skeleton, Path target) throws IOException {
        byte[] start = source.readNBytes(Compression.MAGIC);
        if (start.length == 0) {
            throw new ArchiveRefused(Refusal.NOT_AN_ARCHIVE, "");
        }
        PushbackInputStream whole = new PushbackInputStream(source, start.length);
        whole.unread(start);
        Compression compression = Compression.of(start);
        return switch (compression) {
            case NONE -> write(whole, source, skeleton, target, Optional.empty());
            case GZIP, ZSTD -> {
                UnpackSandbox decompressor =
                        start(skeleton, null, List.of("decompress", compression.name()), LARGEST_SCRATCH);
                Thread.ofPlatform().daemon().name("unpack-feed").start(() -> feed(whole, decompressor));
                yield write(decompressor.output(), source, skeleton, target, Optional.of(decompressor));
            }
            case XZ, BZIP2 ->
                throw new ImageException(
                        Reason.BAD_IMAGE,
                        "the archive is compressed with " + compression.name().toLowerCase(Locale.ROOT)
                                + ": only gzip, zstd and no compression are known; decompress it first");
        };
    }

    private UnpackSandbox start(Path skeleton, @Nullable Path target, List<String> arguments, long largest) {
        UnpackSandbox sandbox = sandboxes.start(skeleton, target, arguments, largest);
        synchronized (started) {
            started.add(sandbox);
            if (stopped) {
                sandbox.kill();
            }
        }
        return sandbox;
    }

    /** By the watch. What the sandboxes' users wait for ends when they do. */
    private void stop() {
        synchronized (started) {
            stopped = true;
            started.forEach(UnpackSandbox::kill);
        }
    }

    /** A refused archive ends the reader early; that is not the failure to report. */
    private void feed(InputStream source, UnpackSandbox decompressor) {
        byte[] buffer = new byte[BUFFER];
        try {
            for (int length = source.read(buffer); length >= 0; length = source.read(buffer)) {
                if (!decompressor.write(buffer, length)) {
                    return;
                }
                patience.moved(length);
            }
        } catch (IOException failed) {
            // The source has kept it. What has come so far is not all, so it must not look as if it were.
            decompressor.kill();
            return;
        }
        decompressor.endInput();
    }

    private Unpacked write(
            InputStream plain, Source source, Path skeleton, Path target, Optional<UnpackSandbox> decompressor)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("unpack"));
        arguments.addAll(limits.arguments());
        UnpackSandbox unpacker = start(skeleton, target, arguments, limits.bytes());
        Optional<Digest> diffId = copy(plain, unpacker, decompressor.isPresent() ? source : null);
        source.check();
        if (diffId.isPresent() && decompressor.isPresent()) {
            refuseBroken(decompressor.get());
        }
        return result(diffId, report(unpacker), unpacker);
    }

    /** Longer ones than there are may come from a program that was taken over; it is not waited for. */
    private static String report(UnpackSandbox unpacker) throws IOException {
        byte[] text = unpacker.output().readNBytes(Report.MAX_TEXT + 1);
        if (text.length > Report.MAX_TEXT) {
            throw new ImageException(Reason.UNPACK_FAILED, "the unpacking process says more than there is to say");
        }
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    private static void refuseBroken(UnpackSandbox decompressor) {
        String ended = decompressor.end();
        if (decompressor.isOutOfMemory()) {
            throw new ImageException(Reason.UNPACK_FAILED, "the decompressing process died: " + ended);
        }
        if (!ended.isEmpty()) {
            throw new ArchiveRefused(Refusal.CORRUPT, "");
        }
    }

    /**
     * @param compressed what the decompressor reads, when there is one
     * @return empty when the unpacking process ended before the archive did: its report tells why
     */
    private Optional<Digest> copy(InputStream plain, UnpackSandbox unpacker, @Nullable Source compressed)
            throws IOException {
        MessageDigest digest = Digest.algorithm();
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        long reported = 0;
        for (int length = plain.read(buffer); length >= 0; length = plain.read(buffer)) {
            total += length;
            refuseTooMuch(total, compressed);
            digest.update(buffer, 0, length);
            if (!unpacker.write(buffer, length)) {
                return Optional.empty();
            }
            patience.moved(length);
            if (total - reported >= PROGRESS_STEP) {
                reported = total;
                progress.accept(total);
            }
        }
        unpacker.endInput();
        return Optional.of(Digest.of(digest, new byte[0]));
    }

    private void refuseTooMuch(long total, @Nullable Source compressed) {
        if (total > limits.bytes()) {
            throw new ArchiveRefused(Refusal.TOO_BIG, "");
        }
        boolean large = total > Limits.RATIO_FROM;
        if (compressed != null && large && total / limits.ratio() > compressed.bytes()) {
            throw new ArchiveRefused(Refusal.BOMB, "");
        }
    }

    private static Unpacked result(Optional<Digest> diffId, String text, UnpackSandbox unpacker) {
        Report report;
        try {
            report = Report.parse(text);
        } catch (IllegalArgumentException died) {
            String words = (unpacker.end() + " " + unpacker.complaint())
                    .replaceAll("[^ -~\n]", "?")
                    .strip();
            throw new ImageException(Reason.UNPACK_FAILED, "the unpacking process died: " + words, died);
        }
        if (report instanceof Report.Done done) {
            Digest digest = diffId.orElseThrow(() ->
                    new ImageException(Reason.UNPACK_FAILED, "the unpacking process left before the archive ended"));
            return new Unpacked(digest, done.bytes(), done.implicit());
        }
        throw failure(report);
    }

    /** What a report that is not {@link Report.Done} means to the caller. */
    static ImageException failure(Report report) {
        return switch (report) {
            case Report.Done _ -> throw new IllegalArgumentException("no failure");
            case Report.Refused refused -> new ArchiveRefused(refused.refusal(), refused.entry());
            case Report.Failed failed -> {
                String words = failed.call() + ": " + Errno.describe(failed.errno());
                yield failed.isDiskFull()
                        ? new ImageException(Reason.STORAGE_FULL, "no room to unpack the archive: " + words)
                        : new ImageException(Reason.UNPACK_FAILED, "cannot unpack the archive: " + words);
            }
        };
    }

    /** Nothing of it outlives the unpacking, however that ended: the directories are about to be moved or removed. */
    @Override
    public void close() {
        List<UnpackSandbox> all;
        synchronized (started) {
            all = List.copyOf(started);
            started.clear();
        }
        all.forEach(UnpackSandbox::close);
    }
}
