package dev.redoubt.node.disk;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.MountTree;
import dev.redoubt.linux.Mounts;
import dev.redoubt.linux.ProjectQuota;
import dev.redoubt.protocol.Size;
import java.util.function.Consumer;

/** One directory with a project id of its own. */
final class ProjectQuotaDisk implements Disk {
    private final String name;
    private final Fd directory;
    private final int project;
    private final Consumer<String> destroy;

    ProjectQuotaDisk(String name, Fd directory, int project, Consumer<String> destroy) {
        this.name = name;
        this.directory = directory;
        this.project = project;
        this.destroy = destroy;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Fd directory() {
        return directory;
    }

    /** Nosuid and nodev are set on this mount, because the host's own may lack them. */
    @Override
    public Fd mount() {
        try {
            Fd mount = MountTree.cloneOf(directory);
            Mounts.setAttributes(mount, Mounts.NO_SUID | Mounts.NO_DEVICES);
            return mount;
        } catch (LinuxException refused) {
            throw new DiskException("mounting disk " + name, refused);
        }
    }

    @Override
    public Size used() {
        try {
            return Size.ofBytes(ProjectQuota.read(directory, project).bytes());
        } catch (LinuxException refused) {
            throw new DiskException("measuring disk " + name, refused);
        }
    }

    @Override
    public void close() {
        directory.close();
    }

    @Override
    public void release() {
        close();
        destroy.accept(name);
    }
}
