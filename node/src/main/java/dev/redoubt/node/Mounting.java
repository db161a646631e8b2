package dev.redoubt.node;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileStatus;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MountTree;
import dev.redoubt.node.launch.LaunchSpec.Bind;
import dev.redoubt.node.launch.LaunchSpec.Owners;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The mounts that the local root asked for: exactly one owner of the host is one user inside.
 *
 * <p>Each source is opened once. Whoever owns its parent may put something else under its name at any moment; what was
 * looked at is what is mounted.
 */
final class Mounting implements AutoCloseable {
    private final int user;
    private final List<Source> sources;

    private Mounting(int user, List<Source> sources) {
        this.user = user;
        this.sources = sources;
    }

    private record Source(HostMount mount, Fd file, FileStatus status) {}

    /**
     * Opens the sources of a spec's mounts.
     *
     * @throws Problem when one is missing, or would be writable and belongs to the host's root
     */
    static Mounting open(SandboxSpec spec) {
        Mounting mounting = new Mounting(spec.mountUid(), new ArrayList<>());
        try {
            spec.mounts().forEach(mounting::add);
            return mounting;
        } catch (Problem refused) {
            mounting.close();
            throw refused;
        }
    }

    /**
     * The binds, one for each source.
     *
     * @param first index of the first mount's descriptor
     */
    List<Bind> binds(int first) {
        List<Bind> binds = new ArrayList<>();
        for (Source source : sources) {
            FileStatus status = source.status();
            binds.add(new Bind(
                    first + binds.size(),
                    source.mount().readOnly(),
                    new Owners.One(status.uid(), status.gid(), user, user),
                    source.mount().target()));
        }
        return List.copyOf(binds);
    }

    /**
     * Adds a detached mount of each source, in the order of {@link #binds}; they are the caller's to close.
     *
     * @throws LinuxException EINVAL when a source's mount cannot be copied
     */
    void addTrees(List<Fd> mounts) {
        sources.forEach(source -> mounts.add(MountTree.cloneOf(source.file())));
    }

    @Override
    public void close() {
        sources.forEach(source -> source.file().close());
    }

    private void add(HostMount mount) {
        Fd file = opened(mount);
        FileStatus status = LinuxFiles.status(file);
        sources.add(new Source(mount, file, status));
        if (!status.isDirectory() && !status.isRegularFile()) {
            throw new Problem(
                    ProblemCode.VALIDATION_ERROR,
                    "mount source " + mount.source() + " is neither a directory nor a regular file");
        }
        if (!mount.readOnly() && (status.uid() == 0 || status.gid() == 0)) {
            throw new Problem(
                    ProblemCode.FORBIDDEN,
                    "mount " + mount.source() + " belongs to root: mount it with :ro, or give it to another user"
                            + " and group, who will be the job's user inside");
        }
    }

    private static Fd opened(HostMount mount) {
        try {
            return LinuxFiles.open(mount.source().toString(), LinuxFiles.O_PATH);
        } catch (LinuxException missing) {
            throw new Problem(
                    ProblemCode.VALIDATION_ERROR,
                    "mount source " + mount.source() + " cannot be opened: " + missing.getMessage(),
                    missing);
        }
    }
}
