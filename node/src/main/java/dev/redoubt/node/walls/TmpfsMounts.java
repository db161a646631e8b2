package dev.redoubt.node.walls;

import dev.redoubt.node.launch.LaunchSpec.Tmpfs;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Size;
import java.util.ArrayList;
import java.util.List;

/**
 * The directories of a sandbox that live in its memory.
 *
 * <p>Size and number of inodes are both set: an inode costs kernel memory although it holds no byte. Pages and inodes
 * count against the sandbox's memory limit, so these sizes only decide whether a program that fills one of them is told
 * ENOSPC before it is killed for memory.
 */
public final class TmpfsMounts {
    private static final long PAGE = 4096;
    private static final int STICKY = 01777;
    private static final int ROOT_ONLY = 0755;

    private TmpfsMounts() {}

    /** In the order in which they are mounted. */
    public static List<Tmpfs> of(Limits limits, boolean readOnly) {
        Size half = share(limits.memory(), 2);
        List<Tmpfs> mounts = new ArrayList<>();
        mounts.add(tmpfs("/tmp", half, STICKY));
        mounts.add(tmpfs("/dev/shm", half, STICKY));
        if (readOnly) {
            // Where daemons put their pid files and packages their scratch; part of the layer in a writable sandbox
            mounts.add(tmpfs("/run", share(limits.memory(), 16), ROOT_ONLY));
            mounts.add(tmpfs("/var/tmp", share(limits.memory(), 4), STICKY));
        }
        mounts.add(tmpfs("/run/redoubt", Size.ofMib(1), ROOT_ONLY));
        return List.copyOf(mounts);
    }

    /** Their paths: what Landlock lets a read-only sandbox write. */
    public static List<String> paths(Limits limits, boolean readOnly) {
        return of(limits, readOnly).stream().map(Tmpfs::path).toList();
    }

    private static Tmpfs tmpfs(String path, Size size, int mode) {
        int inodes = Math.clamp(size.bytes() / PAGE, 64, 1 << 20);
        return new Tmpfs(path, size.bytes(), inodes, mode);
    }

    /** A part of the memory in whole pages. */
    private static Size share(Size memory, int part) {
        return new Size(Math.max(PAGE, memory.bytes() / part / PAGE * PAGE));
    }
}
