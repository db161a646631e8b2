package dev.redoubt.node.image.unpack;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;

/**
 * A stream that says "there is more" until it really ends.
 *
 * <p>GZIPInputStream asks {@code available()} whether another member follows, and a pipe answers 0 whenever the writer
 * is slow. Without this, the tail of an archive made of many members (as lazily pulled images are) is lost at random.
 */
final class WholeStream extends FilterInputStream {
    WholeStream(InputStream in) {
        super(new PushbackInputStream(in, 1));
    }

    @Override
    public int available() throws IOException {
        int next = in.read();
        if (next < 0) {
            return 0;
        }
        ((PushbackInputStream) in).unread(next);
        return 1;
    }
}
