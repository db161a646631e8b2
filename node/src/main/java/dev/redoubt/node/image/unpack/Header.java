package dev.redoubt.node.image.unpack;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One 512 byte header block: POSIX ustar, GNU or the older one that both grew from (tar(5) of libarchive). */
final class Header {
    private static final int CHECKSUM_AT = 148;

    private final byte[] block;

    private Header(byte[] block) {
        this.block = block;
    }

    static Header of(byte[] block) throws Refused {
        Header header = new Header(block);
        long stored = header.number(CHECKSUM_AT, 8);
        if (stored != header.sum(false) && stored != header.sum(true)) {
            throw new Refused(Refusal.BAD_HEADER, "");
        }
        return header;
    }

    /** A block that continues a header and has no checksum of its own. */
    static Header unchecked(byte[] block) {
        return new Header(block);
    }

    boolean isEmpty(int at) {
        return block[at] == 0;
    }

    static boolean isZero(byte[] block) {
        int any = 0;
        for (byte b : block) {
            any |= b;
        }
        return any == 0;
    }

    /** Some old writers summed signed bytes. */
    private long sum(boolean signed) {
        long sum = 8 * ' ';
        for (int at = 0; at < block.length; at++) {
            boolean inChecksum = at >= CHECKSUM_AT && at < CHECKSUM_AT + 8;
            if (!inChecksum) {
                sum += signed ? block[at] : Byte.toUnsignedInt(block[at]);
            }
        }
        return sum;
    }

    char type() {
        return (char) Byte.toUnsignedInt(block[156]);
    }

    String path() {
        String name = text(0, 100);
        String prefix = isPosix() ? text(345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    String link() {
        return text(157, 100);
    }

    int mode() throws Refused {
        return (int) number(100, 8) & 07777;
    }

    long uid() throws Refused {
        return number(108, 8);
    }

    long gid() throws Refused {
        return number(116, 8);
    }

    long size() throws Refused {
        return number(124, 12);
    }

    long seconds() throws Refused {
        return signedNumber(136, 12);
    }

    private boolean isPosix() {
        return block[257] == 'u'
                && block[258] == 's'
                && block[259] == 't'
                && block[260] == 'a'
                && block[261] == 'r'
                && block[262] == 0;
    }

    /** Bytes up to the first NUL or the end of the field. */
    private String text(int at, int length) {
        int end = at;
        while (end < at + length && block[end] != 0) {
            end++;
        }
        return new String(block, at, end - at, StandardCharsets.ISO_8859_1);
    }

    /** A number that has no business to be negative. */
    long number(int at, int length) throws Refused {
        long number = signedNumber(at, length);
        if (number < 0) {
            throw new Refused(Refusal.BAD_HEADER, path());
        }
        return number;
    }

    private long signedNumber(int at, int length) throws Refused {
        boolean binary = (block[at] & 0x80) != 0;
        return binary ? binary(at, length) : octal(at, length);
    }

    /** GNU's base 256: two's complement whose first bit is the marker (and 0xff means negative). */
    private long binary(int at, int length) throws Refused {
        byte[] digits = Arrays.copyOfRange(block, at, at + length);
        boolean negative = (digits[0] & 0x40) != 0;
        digits[0] = (byte) (negative ? digits[0] : digits[0] & 0x7f);
        BigInteger value = new BigInteger(digits);
        if (value.bitLength() > 62) {
            throw new Refused(Refusal.BAD_HEADER, path());
        }
        return value.longValue();
    }

    /** Octal digits, blanks before them, ended by a blank, a NUL or the end of the field. An empty field is 0. */
    private long octal(int at, int length) throws Refused {
        String digits = text(at, length).strip();
        if (digits.length() > length || !digits.chars().allMatch(c -> c >= '0' && c <= '7')) {
            throw new Refused(Refusal.BAD_HEADER, "");
        }
        return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
    }
}
