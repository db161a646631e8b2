package dev.redoubt.node.image;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileSystemSpace;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.TreeUse;
import dev.redoubt.node.image.unpack.Limits;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Holds from outside what an archive may take on the disk, whatever the program inside counts.
 *
 * <p>The file system says how much of it has gone, which costs nothing to ask. Only when that is more than an archive may
 * take is the tree itself measured, because the disk is everybody's. What no name in the tree leads to (a file that was
 * removed while it is open) shows as the difference of the two; {@link #UNEXPLAINED} of it may be somebody else's.
 */
final class DiskGauge implements AutoCloseable {
    static final long UNEXPLAINED = Limits.DEFAULT.bytes();

    private static final int BLOCK = 4096;
    /** Of an inode and its name; for file systems that do not count inodes. */
    private static final int SMALLEST_FILE = 256;

    private static final int DEPTH = 300;

    private final Path tree;
    private final Limits limits;
    private final Fd directory;
    private final FileSystemSpace start;
    private final long step;
    private long nextBytes;
    private long nextFiles;

    DiskGauge(Path tree, Limits limits) {
        this.tree = tree;
        this.limits = limits;
        this.directory = LinuxFiles.open(tree.toString(), LinuxFiles.O_RDONLY, 0);
        this.start = LinuxFiles.space(directory);
        this.step = start.files() == 0 ? Math.min(most(), SMALLEST_FILE * limits.entries()) : most();
        this.nextBytes = step;
        this.nextFiles = limits.entries();
    }

    /** Files are rounded up to blocks. */
    private long most() {
        return limits.bytes() + BLOCK * limits.entries();
    }

    /** Whether more has been written than any archive may write. */
    boolean isOver() {
        FileSystemSpace now = LinuxFiles.space(directory);
        long bytes = start.available() - now.available();
        long files = start.freeFiles() - now.freeFiles();
        if (bytes <= nextBytes && files <= nextFiles) {
            return false;
        }
        nextBytes = Math.max(nextBytes, bytes + step / 4);
        nextFiles = Math.max(nextFiles, files + limits.entries() / 4);
        return isOver(bytes);
    }

    private boolean isOver(long gone) {
        try (Directory root = Directory.open(tree)) {
            Optional<TreeUse> use = TreeUse.of(root, DEPTH);
            return use.isEmpty()
                    || use.get().bytes() > most()
                    || use.get().entries() > limits.entries() + 1
                    || gone - use.get().bytes() > UNEXPLAINED + most();
        }
    }

    @Override
    public void close() {
        directory.close();
    }
}
