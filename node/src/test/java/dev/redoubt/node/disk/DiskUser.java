package dev.redoubt.node.disk;

import dev.redoubt.linux.Fd;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Size;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A process that makes, uses and removes many disks at once. */
final class DiskUser {
    private DiskUser() {}

    /** Data directory, name, how many. */
    public static void main(String[] arguments) {
        int many = Integer.parseInt(arguments[2]);
        try (Disks disks = Disks.open(DataDirectory.open(Path.of(arguments[0])), Mechanism.BTRFS)) {
            try (ExecutorService threads = Executors.newFixedThreadPool(10)) {
                for (int i = 0; i < many; i++) {
                    String name = arguments[1] + "-" + i;
                    threads.execute(() -> use(disks, name));
                }
            }
            System.out.println("left "
                    + disks.names().stream()
                            .filter(n -> n.startsWith(arguments[1] + "-"))
                            .count());
        }
    }

    private static void use(Disks disks, String name) {
        Disk disk = disks.acquire(name, Size.ofMib(4), 1000);
        try (Fd mount = disk.mount()) {
            Files.writeString(mount.path().resolve("u/file"), name);
            if (!Files.readString(disk.directory().path().resolve("u/file")).equals(name)) {
                throw new IllegalStateException("not its own disk");
            }
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        } finally {
            disk.release();
        }
    }
}
