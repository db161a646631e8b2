package dev.redoubt.node.image.unpack;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes archives that no honest program would: every field of a header as the test wants it. Byte strings. */
public final class RawTar {
    private static final int BLOCK = 512;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int mode = 0644;
    private long uid;
    private long gid;

    public RawTar mode(int newMode) {
        mode = newMode;
        return this;
    }

    public RawTar owner(long newUid, long newGid) {
        uid = newUid;
        gid = newGid;
        return this;
    }

    public RawTar file(String path, String content) {
        return entry('0', path, "", content);
    }

    public RawTar directory(String path) {
        return entry('5', path, "", "");
    }

    public RawTar symlink(String path, String target) {
        return entry('2', path, target, "");
    }

    public RawTar hardLink(String path, String target) {
        return entry('1', path, target, "");
    }

    /** Records of an extended header, {@code key=value}, for the entry that follows. */
    public RawTar pax(String... records) {
        return entry('x', "pax", "", records(records));
    }

    public RawTar globalPax(String... records) {
        return entry('g', "pax", "", records(records));
    }

    private static String records(String... records) {
        StringBuilder all = new StringBuilder();
        for (String record : records) {
            int length = record.length() + 3;
            while (length != Integer.toString(length).length() + record.length() + 2) {
                length++;
            }
            all.append(length).append(' ').append(record).append('\n');
        }
        return all.toString();
    }

    public RawTar entry(char type, String path, String link, String content) {
        byte[] data = bytes(content);
        header(type, path, link, data.length);
        return data(data);
    }

    /** A header that promises {@code size} bytes; what follows is up to the test. */
    public RawTar header(char type, String path, String link, long size) {
        byte[] header = new byte[BLOCK];
        put(header, 0, path);
        put(header, 100, octal(mode, 7));
        number(header, 108, 8, uid);
        number(header, 116, 8, gid);
        number(header, 124, 12, size);
        put(header, 136, octal(1_700_000_000, 11));
        header[156] = (byte) type;
        put(header, 157, link);
        put(header, 257, "ustar\00000");
        return block(sealed(header));
    }

    public static byte[] sealed(byte[] header) {
        put(header, 148, "        ");
        int sum = 0;
        for (byte b : header) {
            sum += Byte.toUnsignedInt(b);
        }
        put(header, 148, octal(sum, 6) + "\0 ");
        return header;
    }

    public RawTar block(byte[] block) {
        out.writeBytes(block);
        return this;
    }

    private RawTar data(byte[] data) {
        out.writeBytes(data);
        out.writeBytes(new byte[(BLOCK - data.length % BLOCK) % BLOCK]);
        return this;
    }

    /** With the end that POSIX wants. */
    public byte[] archive() {
        byte[] body = out.toByteArray();
        return java.util.Arrays.copyOf(body, body.length + 2 * BLOCK);
    }

    /** Cut off where it is. */
    public byte[] unfinished() {
        return out.toByteArray();
    }

    /** GNU's base 256 when octal digits do not suffice. */
    private static void number(byte[] header, int at, int length, long value) {
        if (value < 1L << (3 * (length - 1))) {
            put(header, at, octal(value, length - 1));
            return;
        }
        for (int digit = 0; digit < 8; digit++) {
            header[at + length - 1 - digit] = (byte) (value >>> (8 * digit));
        }
        header[at] |= (byte) 0x80;
    }

    private static String octal(long value, int digits) {
        String text = Long.toOctalString(value);
        return "0".repeat(Math.max(0, digits - text.length())) + text;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = bytes(text);
        System.arraycopy(bytes, 0, header, at, Math.min(bytes.length, header.length - at));
    }

    private static byte[] bytes(String byteString) {
        return byteString.getBytes(StandardCharsets.ISO_8859_1);
    }
}
