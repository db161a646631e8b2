package dev.redoubt.node.disk;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;

/** The two directories that an overlay needs on one file system. */
final class LayerDirectories {
    private static final int EVERYBODY_READS = 0755;

    private LayerDirectories() {}

    /** The upper becomes the sandbox's {@code /}, so its mode must not depend on the umask of whoever started us. */
    static void make(Fd directory) {
        LinuxFiles.makeDirectoryAt(directory, "u", EVERYBODY_READS);
        LinuxFiles.makeDirectoryAt(directory, "w", EVERYBODY_READS);
        LinuxFiles.changeModeAt(directory, "u", EVERYBODY_READS);
        LinuxFiles.changeModeAt(directory, "w", EVERYBODY_READS);
    }
}
