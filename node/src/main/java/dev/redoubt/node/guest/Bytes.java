package dev.redoubt.node.guest;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A string of the kernel's: any bytes but NUL, in no encoding (execve(2)).
 *
 * <p>Not a {@code String}, because a file name that is not UTF-8 would not come back as it was.
 */
public final class Bytes {
    private final byte[] value;

    private Bytes(byte[] value) {
        for (int i = 0; i < value.length; i++) {
            if (value[i] == 0) {
                throw new IllegalArgumentException("a NUL at byte " + i + " of " + value.length);
            }
        }
        this.value = value;
    }

    /** @throws IllegalArgumentException when there is a NUL in it */
    public static Bytes of(String text) {
        return new Bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** @throws IllegalArgumentException when there is a NUL in it */
    public static Bytes of(byte[] value) {
        return new Bytes(value.clone());
    }

    public int length() {
        return value.length;
    }

    public byte[] toArray() {
        return value.clone();
    }

    /** Whether this ASCII character is in it. */
    boolean contains(char ascii) {
        for (byte b : value) {
            if (b == ascii) {
                return true;
            }
        }
        return false;
    }

    /** As {@code str} of the protocol: length, bytes, NUL. */
    void write(ByteBuffer out) {
        out.putInt(value.length + 1).put(value).put((byte) 0);
    }

    int written() {
        return Integer.BYTES + value.length + 1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes bytes && Arrays.equals(value, bytes.value);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(value);
    }

    /** For people: what is not UTF-8 is replaced. */
    @Override
    public String toString() {
        return new String(value, StandardCharsets.UTF_8);
    }
}
