package dev.redoubt.node.image.unpack;

import dev.redoubt.linux.Directory;
import java.io.BufferedInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The program inside the unpacking sandbox.
 *
 * <ul>
 *   <li>{@code unpack BYTES ENTRIES RATIO}: reads a plain tar archive from standard input, writes it below the current
 *       directory, prints a {@link Report}.
 *   <li>{@code decompress gzip|zstd}: standard input to standard output. A process apart, so that the digest which the
 *       node takes of what comes out is of exactly the bytes that the unpacking process reads: a decompressor taken over
 *       by its input can then at worst make an archive, never put one under another's digest.
 * </ul>
 *
 * <p>Exit code: 0 the report or the data is complete, 1 the data cannot be decompressed.
 */
public final class Unpacker {
    private static final int BUFFER = 65_536;

    private Unpacker() {}

    public static void main(String[] arguments) throws IOException {
        List<String> words = Arrays.asList(arguments);
        InputStream in = new BufferedInputStream(new FileInputStream(FileDescriptor.in), BUFFER);
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        switch (words.getFirst()) {
            case "unpack" -> unpack(in, out, Limits.of(words.subList(1, words.size())));
            case "decompress" -> decompress(in, out, Compression.valueOf(words.get(1)));
            default -> throw new IllegalArgumentException("unknown order");
        }
    }

    private static void unpack(InputStream in, OutputStream out, Limits limits) throws IOException {
        try (Directory target = Directory.open(Path.of("."))) {
            Report report = LayerWriter.write(in, target, limits);
            out.write(report.text().getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void decompress(InputStream in, OutputStream out, Compression compression) throws IOException {
        try (InputStream plain = compression.decompress(in)) {
            plain.transferTo(out);
        }
    }
}
