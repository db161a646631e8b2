package dev.redoubt.node.disk;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.ProjectQuota;
import dev.redoubt.linux.TreeRemoval;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.ResourceName;
import dev.redoubt.protocol.Size;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/**
 * A directory with a project id of its own per sandbox, on ext4 or XFS mounted with {@code prjquota}.
 *
 * <p>The kernel lets whoever has CAP_SYS_RESOURCE write past such a limit, and an overlay writes with the rights of the
 * process that mounted it: that process must have given the capability up.
 */
final class ProjectQuotaDisks implements Disks {
    private static final int FIRST_PROJECT = 1 << 30; // far above what administrators and other programs number
    private static final int ROUNDS = 100;
    private static final String REMOVED = ".removed-";

    private final Path directory;
    private final Fd parent;

    private ProjectQuotaDisks(Path directory) {
        this.directory = directory;
        this.parent = openParent();
    }

    private Fd openParent() {
        return LinuxFiles.open(directory.toString(), LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY);
    }

    static ProjectQuotaDisks open(DataDirectory data) {
        ProjectQuotaDisks disks = new ProjectQuotaDisks(data.nodeDirectory("disks"));
        try {
            ProjectQuota.read(disks.parent, FIRST_PROJECT);
        } catch (LinuxException refused) {
            disks.close();
            throw new MechanismMissingException(Mechanism.PROJECT_QUOTA, refused);
        }
        disks.finishRemoving();
        return disks;
    }

    @Override
    public Mechanism mechanism() {
        return Mechanism.PROJECT_QUOTA;
    }

    @Override
    public Disk acquire(String name, Size size, long inodes) {
        ResourceName.check(name);
        try {
            HostSpace.check(parent);
            if (!LinuxFiles.makeDirectoryAt(parent, name, 0700)) {
                throw new DiskException("disk " + name + " exists");
            }
        } catch (LinuxException refused) {
            throw HostSpace.failure("making disk " + name, refused);
        }
        try {
            return prepared(name, size, inodes);
        } catch (LinuxException refused) {
            destroy(name);
            throw HostSpace.failure("making disk " + name, refused);
        }
    }

    /**
     * The project first: from then on the directory tells whose limit it is, and whoever removes it, also after a crash,
     * gives that back. Nothing is written before there is a limit.
     */
    private Disk prepared(String name, Size size, long inodes) {
        Fd made = openDirectory(parent, name);
        try {
            int project = freeProject();
            ProjectQuota.assign(made, project);
            ProjectQuota.limit(parent, project, size.bytes(), inodes);
            LayerDirectories.make(made);
            return new ProjectQuotaDisk(name, made, project, this::destroy);
        } catch (LinuxException refused) {
            made.close();
            throw refused;
        }
    }

    private static Fd openDirectory(Fd parent, String name) {
        int flags = LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY | LinuxFiles.O_NOFOLLOW;
        return LinuxFiles.openAt(parent, name, flags, 0);
    }

    /** One without limit and without use belongs to nobody. */
    private int freeProject() {
        for (int round = 0; round < ROUNDS; round++) {
            int project = ThreadLocalRandom.current().nextInt(FIRST_PROJECT, Integer.MAX_VALUE);
            ProjectQuota.Reading reading = ProjectQuota.read(parent, project);
            if (reading.mostBytes() == 0 && reading.bytes() == 0 && reading.inodes() == 0) {
                return project;
            }
        }
        throw new DiskException("no free project id in " + ROUNDS + " tries");
    }

    @Override
    public Optional<Disk> existing(String name) {
        try {
            Fd directory = openDirectory(parent, ResourceName.check(name));
            return Optional.of(new ProjectQuotaDisk(name, directory, ProjectQuota.of(directory), this::destroy));
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw new DiskException("opening disk " + name, refused);
        }
    }

    @Override
    public Set<String> names() {
        return DirectoryNames.of(directory).stream()
                .filter(ResourceName::isPlain)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Out of the way at once, removed in the background: a guest may have made a million files. */
    @Override
    public void destroy(String name) {
        String removed = REMOVED + name;
        try {
            LinuxFiles.renameAt(parent, ResourceName.check(name), removed);
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return;
            }
            throw new DiskException("removing disk " + name, refused);
        }
        Thread.ofPlatform().daemon().name("remove-" + name).start(() -> remove(removed));
    }

    /** What a killed process left half removed. */
    private void finishRemoving() {
        DirectoryNames.of(directory).stream()
                .filter(name -> !ResourceName.isPlain(name))
                .forEach(name -> Thread.ofPlatform().daemon().start(() -> remove(name)));
    }

    /**
     * A limit outlives the files it was for, and no other disk could ever have its project. By a descriptor of its own:
     * this may still go on when ours is closed.
     */
    private void giveBackProject(String removed) {
        try (Fd own = openParent();
                Fd disk = openDirectory(own, removed)) {
            int project = ProjectQuota.of(disk);
            if (project >= FIRST_PROJECT) {
                ProjectQuota.limit(own, project, 0, 0);
            }
        } catch (LinuxException refused) {
            if (refused.errno() != Errno.ENOENT) { // another process was faster
                throw new DiskException("giving back the project of " + removed, refused);
            }
        }
    }

    private void remove(String removed) {
        giveBackProject(removed);
        try (Directory open = Directory.open(directory)) {
            TreeRemoval.remove(open, removed.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void close() {
        parent.close();
    }
}
