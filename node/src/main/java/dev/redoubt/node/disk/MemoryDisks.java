package dev.redoubt.node.disk;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.Mounts;
import dev.redoubt.node.data.ResourceName;
import dev.redoubt.protocol.Size;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/** A tmpfs per sandbox, which lives as long as a process or a sandbox holds it. */
final class MemoryDisks implements Disks {
    @Override
    public Mechanism mechanism() {
        return Mechanism.MEMORY;
    }

    @Override
    public Disk acquire(String name, Size size, long inodes) {
        SequencedMap<String, String> options = new LinkedHashMap<>();
        options.put("source", ResourceName.check(name));
        options.put("size", Long.toString(size.bytes()));
        options.put("nr_inodes", Long.toString(inodes));
        options.put("mode", "0755");
        try {
            int attributes = Mounts.NO_SUID | Mounts.NO_DEVICES | Mounts.NO_ACCESS_TIME;
            return MountedDisk.of(name, Mounts.detached("tmpfs", options, attributes), () -> {});
        } catch (LinuxException refused) {
            throw new DiskException("making disk " + name, refused);
        }
    }

    @Override
    public Optional<Disk> existing(String name) {
        return Optional.empty();
    }

    @Override
    public Set<String> names() {
        return Set.of();
    }

    @Override
    public void destroy(String name) {
        ResourceName.check(name); // gone with its last holder
    }

    @Override
    public void close() {
        // nothing is shared between tmpfs disks
    }
}
