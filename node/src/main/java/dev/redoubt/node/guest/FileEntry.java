package dev.redoubt.node.guest;

import dev.redoubt.node.flat.FlatReader;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A file as {@link Work.Stat} and {@link Work.ListDirectory} print it.
 *
 * @param name of an entry its name, of a stat the path that was asked for
 * @param mode type and permissions (inode(7))
 * @param target where a symbolic link leads
 */
public record FileEntry(
        Bytes name, int mode, int uid, int gid, long size, long inode, Instant modified, Optional<Bytes> target) {
    private static final int TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final long NANOS = 1_000_000_000L;

    public boolean isDirectory() {
        return (mode & TYPE) == DIRECTORY;
    }

    public boolean isRegularFile() {
        return (mode & TYPE) == REGULAR;
    }

    /** Permission bits alone. */
    public int permissions() {
        return mode & 07777;
    }

    /**
     * Reads what a job printed.
     *
     * @throws FlatReader.Malformed when it was not such a job
     */
    public static List<FileEntry> decode(byte[] printed) {
        FlatReader in = new FlatReader(MemorySegment.ofArray(printed));
        List<FileEntry> entries = new ArrayList<>();
        while (in.hasMore()) {
            int mode = in.u32();
            int uid = in.u32();
            int gid = in.u32();
            long size = in.u64();
            long inode = in.u64();
            long modified = in.u64();
            Bytes name = text(in.blob());
            Bytes target = text(in.blob());
            entries.add(new FileEntry(
                    name,
                    mode,
                    uid,
                    gid,
                    size,
                    inode,
                    Instant.ofEpochSecond(Math.floorDiv(modified, NANOS), Math.floorMod(modified, NANOS)),
                    target.length() == 0 ? Optional.empty() : Optional.of(target)));
        }
        return List.copyOf(entries);
    }

    private static Bytes text(byte[] withNul) {
        if (withNul.length == 0 || withNul[withNul.length - 1] != 0) {
            throw new FlatReader.Malformed("a name without its NUL", 0);
        }
        return Bytes.of(Arrays.copyOf(withNul, withNul.length - 1));
    }
}
