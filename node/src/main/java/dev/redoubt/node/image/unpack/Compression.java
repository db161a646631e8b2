package dev.redoubt.node.image.unpack;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/** How an archive is compressed, told by its first bytes: media types and file names are only claims. */
public enum Compression {
    NONE,
    GZIP,
    ZSTD,
    /** Known so that the error can name it. */
    XZ,
    BZIP2;

    /** As many bytes as {@link #of} wants to see. */
    public static final int MAGIC = 6;

    /** {@code start} may be shorter than {@link #MAGIC} when the stream is. */
    public static Compression of(byte[] start) {
        if (begins(start, 0x1f, 0x8b)) {
            return GZIP;
        }
        if (begins(start, 0x28, 0xb5, 0x2f, 0xfd)) {
            return ZSTD;
        }
        if (begins(start, 0xfd, '7', 'z', 'X', 'Z', 0)) {
            return XZ;
        }
        return begins(start, 'B', 'Z', 'h') ? BZIP2 : NONE;
    }

    private static boolean begins(byte[] start, int... magic) {
        boolean same = start.length >= magic.length;
        for (int at = 0; same && at < magic.length; at++) {
            same = Byte.toUnsignedInt(start[at]) == magic[at];
        }
        return same;
    }

    /** Only inside a sandbox: zstd is native code, and so is the JDK's zlib. */
    InputStream decompress(InputStream in) throws IOException {
        return switch (this) {
            case NONE -> in;
            case GZIP -> new GZIPInputStream(new WholeStream(in), 65_536);
            case ZSTD -> new ZstdInputStream(in);
            case XZ, BZIP2 -> throw new IOException("no decompressor for " + this);
        };
    }
}
