package dev.redoubt.node.journal;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeOfTest;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.disk.Disks;
import dev.redoubt.node.image.ImageStore;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.SandboxId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A process with two sandboxes' worth of everything, each with something running in its group, until it is killed. */
final class LivingOwner {
    private LivingOwner() {}

    /** The place of {@link NodeOfTest}. */
    public static void main(String[] arguments) throws IOException {
        NodeSettings settings = NodeOfTest.settings(Path.of(arguments[0]));
        DataDirectory data = DataDirectory.open(settings.dataDirectory());
        ImageStore images = Node.openImages(settings);
        Owner owner = Owner.begin(data, RunDirectory.open(settings.runDirectory()));
        try (Fd lock = LinuxFiles.open(owner.lockFile().toString(), LinuxFiles.O_RDWR)) { // as the spawner does
            LinuxFiles.lock(lock);
            owner.publish();
            try (Disks disks = Disks.open(data)) {
                long first = sandbox(1, owner, data, disks, images);
                long second = sandbox(2, owner, data, disks, images);
                System.out.println(owner.name() + " " + first + " " + second);
                System.out.flush();
                System.in.read();
            }
        }
    }

    private static long sandbox(long number, Owner owner, DataDirectory data, Disks disks, ImageStore images)
            throws IOException {
        String resources = owner.name() + "-" + number;
        IdRange range = Ranges.open(data).claim(owner.name());
        owner.write(new Entry(SandboxId.random(), number, range, resources, Map.of()));
        SandboxCgroup group = Cgroups.detect().create(resources);
        group.apply(Limits.DEFAULT, List.of());
        disks.acquire(resources, Limits.DEFAULT.disk(), Limits.DEFAULT.inodes()).close();
        images.use("busybox", resources);
        Process sleeper = new ProcessBuilder("sleep", "300").start();
        group.join(Math.toIntExact(sleeper.pid()));
        return sleeper.pid();
    }
}
