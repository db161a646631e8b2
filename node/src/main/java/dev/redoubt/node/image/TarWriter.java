package dev.redoubt.node.image;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes a small POSIX ustar archive in memory, the same bytes for the same calls: for layers that we make ourselves. */
final class TarWriter {
    private static final int BLOCK = 512;
    /** What mode, owner and time a ustar header holds that we do not vary: 2023-06-10, as in our base image. */
    private static final long TIME = 1_686_355_200;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    TarWriter directory(String path, int mode, int owner) {
        return entry(path + "/", '5', mode, owner, "", new byte[0]);
    }

    TarWriter file(String path, int mode, byte[] content) {
        return entry(path, '0', mode, 0, "", content);
    }

    TarWriter symlink(String path, String target) {
        return entry(path, '2', 0777, 0, target, new byte[0]);
    }

    private TarWriter entry(String path, char type, int mode, int owner, String link, byte[] content) {
        byte[] header = new byte[BLOCK];
        put(header, 0, 100, path);
        put(header, 100, 8, octal(mode, 7));
        put(header, 108, 8, octal(owner, 7));
        put(header, 116, 8, octal(owner, 7));
        put(header, 124, 12, octal(content.length, 11));
        put(header, 136, 12, octal(TIME, 11));
        put(header, 148, 8, "        ");
        header[156] = (byte) type;
        put(header, 157, 100, link);
        put(header, 257, 8, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += Byte.toUnsignedInt(b);
        }
        put(header, 148, 8, octal(sum, 6) + "\0 ");
        out.writeBytes(header);
        out.writeBytes(content);
        out.writeBytes(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
        return this;
    }

    /** The archive, ended as POSIX wants it. */
    byte[] archive() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(out.toByteArray());
        all.writeBytes(new byte[2 * BLOCK]);
        return all.toByteArray();
    }

    private static String octal(long number, int digits) {
        String text = Long.toOctalString(number);
        return "0".repeat(digits - text.length()) + text;
    }

    private static void put(byte[] header, int at, int length, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > length) {
            throw new IllegalArgumentException("too long for a ustar header: " + text);
        }
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
