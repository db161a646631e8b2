package dev.redoubt.node.image;

import dev.redoubt.node.image.Documents.Descriptor;
import dev.redoubt.node.image.ImageException.Reason;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/** A blob being read: counts and digests, and says at the end whether it was the one that was promised. */
final class VerifiedStream extends FilterInputStream {
    private final Descriptor promised;
    private final MessageDigest digest = Digest.algorithm();
    private long length;

    VerifiedStream(InputStream in, Descriptor promised) {
        super(in);
        this.promised = promised;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int offset, int wanted) throws IOException {
        int got = in.read(target, offset, wanted);
        if (got > 0) {
            length += got;
            digest.update(target, offset, got);
        }
        return got;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    /** To be called once; reads what nobody has read. */
    void verify() throws IOException {
        transferTo(java.io.OutputStream.nullOutputStream());
        Digest found = Digest.of(digest, new byte[0]);
        if (length != promised.size() || !found.equals(promised.digest())) {
            throw new ImageException(
                    Reason.WRONG_DIGEST, "a blob is " + found + " and not " + promised.digest() + " as promised");
        }
    }
}
