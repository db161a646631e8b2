package dev.redoubt.node.image.unpack;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The 512 byte blocks of a tar stream, and the data of the entry that is being read. */
final class Blocks {
    static final int SIZE = 512;

    private final InputStream in;
    private long dataLeft;
    private int padding;

    Blocks(InputStream in) {
        this.in = in;
    }

    /** The next block, or a shorter array at the end of the stream. Skips what is left of the entry before. */
    byte[] next() throws IOException, Refused {
        skipData();
        return in.readNBytes(SIZE);
    }

    /** What follows is {@code length} bytes of data, padded to a whole block. */
    void beginData(long length) {
        dataLeft = length;
        padding = (int) ((SIZE - length % SIZE) % SIZE);
    }

    long dataLeft() {
        return dataLeft;
    }

    /** Reads data of the entry. */
    void read(byte[] buffer, int length, String entry) throws IOException, Refused {
        if (length > dataLeft) {
            throw new Refused(Refusal.SPARSE, entry);
        }
        if (in.readNBytes(buffer, 0, length) < length) {
            throw new Refused(Refusal.TRUNCATED, entry);
        }
        dataLeft -= length;
    }

    /** All data of the entry at once; only for headers, whose length has been checked. */
    byte[] readAll(String entry) throws IOException, Refused {
        byte[] all = new byte[(int) dataLeft];
        read(all, all.length, entry);
        return all;
    }

    void skipData() throws IOException, Refused {
        long left = dataLeft + padding;
        dataLeft = 0;
        padding = 0;
        while (left > 0) {
            long skipped = in.skip(left);
            if (skipped == 0) {
                skipped = in.readNBytes((int) Math.min(left, SIZE)).length;
            }
            if (skipped == 0) {
                throw new Refused(Refusal.TRUNCATED, "");
            }
            left -= skipped;
        }
    }

    /** Reads to the end of the stream: whoever feeds it counts and digests every byte. */
    void drain() throws IOException {
        in.transferTo(OutputStream.nullOutputStream());
    }
}
