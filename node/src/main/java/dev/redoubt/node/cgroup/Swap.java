package dev.redoubt.node.cgroup;

import java.nio.file.Files;
import java.nio.file.Path;

/** A kernel built without swap has no files to limit it, and no way around the memory limit either. */
final class Swap {
    private static final boolean KERNEL_HAS_IT = Files.exists(Path.of("/proc/swaps"));

    private Swap() {}

    static boolean kernelHasIt() {
        return KERNEL_HAS_IT;
    }
}
