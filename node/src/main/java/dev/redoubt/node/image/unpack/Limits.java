package dev.redoubt.node.image.unpack;

import java.util.List;

/**
 * What one archive may cost.
 *
 * @param bytes of the archive uncompressed, and of all files together (holes count as if they were written)
 * @param entries in the archive
 * @param ratio how many times its compressed size an archive may have, once it is above {@link #RATIO_FROM}
 */
public record Limits(long bytes, long entries, long ratio) {
    /** Twenty times our largest own image, and no file system with fewer inodes is sold. */
    public static final Limits DEFAULT = new Limits(16L << 30, 1_000_000, 200);

    /** Small archives of zeros are no harm: gzip alone reaches a ratio of 1,000 on them. */
    public static final long RATIO_FROM = 64L << 20;

    /** PATH_MAX less its NUL: the kernel resolves nothing longer in one call. */
    static final int PATH = 4095;

    /** NAME_MAX of every file system that matters. */
    static final int NAME = 255;

    static final int DEPTH = 256;

    /** One extended header, pax(1) or GNU: names, and attributes of up to 64 KiB each. */
    static final int HEADER = 1 << 20;

    static final int SPARSE_PIECES = 100_000;

    public Limits {
        if (bytes <= 0 || entries <= 0 || ratio <= 0) {
            throw new IllegalArgumentException("limits are positive");
        }
    }

    /** As arguments of the unpacking process. */
    public List<String> arguments() {
        return List.of(Long.toString(bytes), Long.toString(entries), Long.toString(ratio));
    }

    static Limits of(List<String> arguments) {
        return new Limits(
                Long.parseLong(arguments.get(0)), Long.parseLong(arguments.get(1)), Long.parseLong(arguments.get(2)));
    }
}
