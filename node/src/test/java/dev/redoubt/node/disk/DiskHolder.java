package dev.redoubt.node.disk;

import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.nio.file.Path;

/** A process that has a disk until it is killed. */
final class DiskHolder {
    private DiskHolder() {}

    /** Data directory, name. */
    public static void main(String[] arguments) throws IOException {
        Disks disks = Disks.open(DataDirectory.open(Path.of(arguments[0])), Mechanism.BTRFS);
        System.out.println(disks.acquire(arguments[1], Size.ofMib(4), 1000).name());
        System.out.flush();
        System.in.read();
    }
}
