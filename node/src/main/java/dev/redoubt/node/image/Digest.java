package dev.redoubt.node.image;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A SHA-256 in the way the OCI specifications write it: {@code sha256:} and 64 hexadecimal digits in lower case. */
public record Digest(String hex) {
    private static final String PREFIX = "sha256:";
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    public Digest {
        if (!HEX.matcher(hex).matches()) {
            throw new IllegalArgumentException("not a SHA-256: 64 hexadecimal digits in lower case are wanted");
        }
    }

    /** @throws IllegalArgumentException for another algorithm or form */
    public static Digest parse(String text) {
        if (!text.startsWith(PREFIX)) {
            throw new IllegalArgumentException("not a digest of the form sha256:...");
        }
        return new Digest(text.substring(PREFIX.length()));
    }

    static boolean isDigest(String text) {
        return text.startsWith(PREFIX)
                && HEX.matcher(text.substring(PREFIX.length())).matches();
    }

    /** Whether it can be the {@link #hex} of one. */
    static boolean isHex(String text) {
        return HEX.matcher(text).matches();
    }

    static Digest of(byte[] bytes) {
        return of(algorithm(), bytes);
    }

    /** Ends {@code algorithm}, which has seen everything but the last {@code bytes}. */
    public static Digest of(MessageDigest algorithm, byte[] bytes) {
        return new Digest(HexFormat.of().formatHex(algorithm.digest(bytes)));
    }

    static Digest of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** For what comes in pieces; ended by {@link #of(MessageDigest, byte[])}. */
    public static MessageDigest algorithm() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java platform has SHA-256", impossible);
        }
    }

    /** Written out: the first call of what a record has by itself is linked for 10 ms, of a start of 200. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Digest digest && hex.equals(digest.hex);
    }

    @Override
    public int hashCode() {
        return hex.hashCode();
    }

    @Override
    public String toString() {
        return PREFIX + hex;
    }
}
