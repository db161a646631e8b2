package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;

/** Finds the whole disk below a path: i/o limits count per disk and refuse a partition (ENODEV). */
public final class BlockDevices {
    private static final Path SYSFS = Path.of("/sys/dev/block");

    private BlockDevices() {}

    /** @return empty when the path is on no block device (tmpfs, overlay, network) */
    public static Optional<Device> below(Path path) {
        Device device = LinuxFiles.status(path.toString()).on();
        if (device.major() != 0) {
            return wholeDisk(device);
        }
        // btrfs and others give files a number that is no device; their mount's source is one.
        return mountOf(path.toAbsolutePath())
                .map(MountInfo::source)
                .filter(source -> source.startsWith("/dev/") && Files.exists(Path.of(source)))
                .map(source -> LinuxFiles.status(realPath(source)).self())
                .flatMap(BlockDevices::wholeDisk);
    }

    /** @return the device itself, or the disk it is a partition of */
    public static Optional<Device> wholeDisk(Device device) {
        Path entry = SYSFS.resolve(device.toString());
        if (!Files.exists(entry)) {
            return Optional.empty();
        }
        if (!Files.exists(entry.resolve("partition"))) {
            return Optional.of(device);
        }
        String[] numbers =
                LinuxFiles.readOnce(realPath(entry.toString()) + "/../dev").split(":", -1);
        return Optional.of(new Device(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1])));
    }

    private static Optional<MountInfo> mountOf(Path path) {
        return MountInfo.ofThisProcess().stream()
                .filter(mount -> path.startsWith(mount.point()))
                .max(Comparator.comparingInt((MountInfo mount) -> mount.point().length())
                        .thenComparingInt(MountInfo::id));
    }

    private static String realPath(String path) {
        try {
            return Path.of(path).toRealPath().toString();
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }
}
