package dev.redoubt.node.image;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.unpack.Compression;
import dev.redoubt.node.image.unpack.Limits;
import dev.redoubt.node.image.unpack.Refusal;
import dev.redoubt.node.image.unpack.Report;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One archive on its way into a directory: source, decompressing process, digest, unpacking process.
 *
 * <p>The digest is taken here, between the two, of exactly the bytes that the unpacking process gets.
 */
final class Unpacking implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    private static final int PROGRESS_STEP = 16 << 20;
    private static final int MAX_STDERR = 4_096;

    /**
     * What came out.
     *
     * @param diffId digest of the uncompressed archive
     * @param bytes of all files
     * @param implicit directories that had no entry of their own, byte strings
     */
    record Unpacked(Digest diffId, long bytes, List<String> implicit) {}

    private final UnpackSandbox sandbox;
    private final Limits limits;
    private final Consumer<Long> progress;
    private final List<Process> processes = new ArrayList<>();
    private final AtomicLong compressed = new AtomicLong();
    private final AtomicReference<IOException> sourceFailure = new AtomicReference<>();

    Unpacking(UnpackSandbox sandbox, Limits limits, Consumer<Long> progress) {
        this.sandbox = sandbox;
        this.limits = limits;
        this.progress = progress;
    }

    /**
     * Unpacks below {@code target}, which is left as it is when the archive is refused.
     *
     * @throws ArchiveRefused for what the archive holds
     * @throws IOException when {@code source} cannot be read
     */
    Unpacked unpack(InputStream source, Path skeleton, Path target) throws IOException {
        byte[] start = source.readNBytes(Compression.MAGIC);
        if (start.length == 0) {
            throw new ArchiveRefused(Refusal.NOT_AN_ARCHIVE, "");
        }
        PushbackInputStream whole = new PushbackInputStream(source, start.length);
        whole.unread(start);
        Compression compression = Compression.of(start);
        return switch (compression) {
            case NONE -> write(whole, skeleton, target, Optional.empty());
            case GZIP, ZSTD -> {
                Process decompressor = decompressor(whole, skeleton, compression);
                yield write(decompressor.getInputStream(), skeleton, target, Optional.of(decompressor));
            }
            case XZ, BZIP2 ->
                throw new ImageException(
                        Reason.BAD_IMAGE,
                        "the archive is compressed with " + compression.name().toLowerCase(Locale.ROOT)
                                + ": only gzip, zstd and no compression are known; decompress it first");
        };
    }

    private Process decompressor(InputStream source, Path skeleton, Compression compression) {
        Process decompressor = start(skeleton, null, List.of("decompress", compression.name()));
        Thread.ofPlatform().daemon().name("unpack-feed").start(() -> feed(source, decompressor.getOutputStream()));
        return decompressor;
    }

    private Process start(Path skeleton, @Nullable Path target, List<String> arguments) {
        Process process = sandbox.start(skeleton, target, arguments);
        processes.add(process);
        return process;
    }

    /** A refused archive ends the reader early; the broken pipe that follows is not the failure to report. */
    private void feed(InputStream source, OutputStream sink) {
        byte[] buffer = new byte[BUFFER];
        try (sink) {
            while (true) {
                int length = readSource(source, buffer);
                if (length < 0) {
                    return;
                }
                compressed.addAndGet(length);
                sink.write(buffer, 0, length);
            }
        } catch (IOException gone) {
            // Either the source failed, which readSource has noted, or the process, whose end says why.
            return;
        }
    }

    private int readSource(InputStream source, byte[] buffer) throws IOException {
        try {
            return source.read(buffer);
        } catch (IOException failed) {
            sourceFailure.set(failed);
            throw failed;
        }
    }

    private Unpacked write(InputStream plain, Path skeleton, Path target, Optional<Process> decompressor)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("unpack"));
        arguments.addAll(limits.arguments());
        Process unpacker = start(skeleton, target, arguments);
        CompletableFuture<String> report = read(unpacker.getInputStream(), Report.MAX_TEXT);
        CompletableFuture<String> complaint = read(unpacker.getErrorStream(), MAX_STDERR);
        Optional<Digest> diffId = copy(plain, unpacker.getOutputStream(), decompressor.isPresent());
        IOException failed = sourceFailure.get();
        if (failed != null) {
            throw failed;
        }
        if (diffId.isPresent() && decompressor.isPresent() && end(decompressor.get()) != 0) {
            throw new ArchiveRefused(Refusal.CORRUPT, "");
        }
        end(unpacker);
        return result(diffId, text(report), text(complaint));
    }

    /** @return empty when the unpacking process ended before the archive did: its report tells why */
    private Optional<Digest> copy(InputStream plain, OutputStream sink, boolean isCompressed) throws IOException {
        MessageDigest digest = Digest.algorithm();
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        long reported = 0;
        for (int length = plain.read(buffer); length >= 0; length = plain.read(buffer)) {
            total += length;
            refuseTooMuch(total, isCompressed);
            digest.update(buffer, 0, length);
            if (!offer(sink, buffer, length)) {
                return Optional.empty();
            }
            if (total - reported >= PROGRESS_STEP) {
                reported = total;
                progress.accept(total);
            }
        }
        closeQuietly(sink);
        return Optional.of(Digest.of(digest, new byte[0]));
    }

    private void refuseTooMuch(long total, boolean isCompressed) {
        if (total > limits.bytes()) {
            throw new ArchiveRefused(Refusal.TOO_BIG, "");
        }
        boolean many = total > Limits.RATIO_FROM && total / limits.ratio() > compressed.get();
        if (isCompressed && many) {
            throw new ArchiveRefused(Refusal.BOMB, "");
        }
    }

    private static boolean offer(OutputStream sink, byte[] buffer, int length) {
        try {
            sink.write(buffer, 0, length);
            return true;
        } catch (IOException readerGone) {
            return false;
        }
    }

    private static void closeQuietly(OutputStream sink) {
        try {
            sink.close();
        } catch (IOException readerGone) {
            // Its report has been written, or its end says why not.
            return;
        }
    }

    private static Unpacked result(Optional<Digest> diffId, String text, String complaint) {
        Report report;
        try {
            report = Report.parse(text);
        } catch (IllegalArgumentException died) {
            String words = complaint.replaceAll("[^ -~\n]", "?").strip();
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

    /** Reads in a thread of its own: a process whose pipes nobody empties stops. */
    private static CompletableFuture<String> read(InputStream in, int limit) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("unpack-report").start(() -> {
            try {
                text.complete(new String(in.readNBytes(limit), StandardCharsets.ISO_8859_1));
                in.transferTo(OutputStream.nullOutputStream());
            } catch (IOException failed) {
                text.completeExceptionally(failed);
            }
        });
        return text;
    }

    private static String text(CompletableFuture<String> text) {
        try {
            return text.get();
        } catch (ExecutionException failed) {
            return "";
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(Reason.UNPACK_FAILED, "interrupted", asked);
        }
    }

    private static int end(Process process) {
        try {
            return process.waitFor();
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(Reason.UNPACK_FAILED, "interrupted", asked);
        }
    }

    /** Nothing of it outlives the unpacking, however that ended: the directories are about to be moved or removed. */
    @Override
    public void close() {
        for (Process process : processes) {
            process.destroyForcibly();
            end(process);
        }
    }
}
