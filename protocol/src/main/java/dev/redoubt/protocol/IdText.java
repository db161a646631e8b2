package dev.redoubt.protocol;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The text of every id: a prefix of three letters, {@code _}, and 128 random bits as 26 characters of lower-case base32
 * (RFC 4648, without padding).
 */
final class IdText {
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
    private static final int BYTES = 16;
    private static final int CHARACTERS = 26;

    private IdText() {}

    /** The kernel's generator is read directly: SecureRandom costs a short command tens of milliseconds to load. */
    static String random(String prefix) {
        try (InputStream kernel = Files.newInputStream(Path.of("/dev/urandom"))) {
            return prefix + "_" + base32(kernel.readNBytes(BYTES));
        } catch (IOException missing) {
            throw new UncheckedIOException("no random numbers from the kernel", missing);
        }
    }

    /** @return {@code text} when it is exactly what {@link #random} could have made for this prefix */
    static String check(String prefix, String text) {
        if (text.length() != prefix.length() + 1 + CHARACTERS || !text.startsWith(prefix + "_")) {
            throw new IllegalArgumentException(
                    "not an id of the form " + prefix + "_ and " + CHARACTERS + " characters");
        }
        for (int i = prefix.length() + 1; i < text.length(); i++) {
            if (ALPHABET.indexOf(text.charAt(i)) < 0) {
                throw new IllegalArgumentException("an id has lower-case base32 characters only");
            }
        }
        if (ALPHABET.indexOf(text.charAt(text.length() - 1)) % 4 != 0) { // 130 bits hold 128: one id has one spelling
            throw new IllegalArgumentException("not a spelling of 128 bits");
        }
        return text;
    }

    private static String base32(byte[] bytes) {
        StringBuilder text = new StringBuilder(CHARACTERS);
        for (int bit = 0; bit < bytes.length * 8; bit += 5) {
            text.append(ALPHABET.charAt(fiveBits(bytes, bit)));
        }
        return text.toString();
    }

    private static int fiveBits(byte[] bytes, int bit) {
        int high = bytes[bit / 8] & 0xff;
        int low = bit / 8 + 1 < bytes.length ? bytes[bit / 8 + 1] & 0xff : 0;
        return ((high << 8 | low) >> (11 - bit % 8)) & 31;
    }
}
