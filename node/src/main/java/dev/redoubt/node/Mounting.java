package dev.redoubt.node;

import dev.redoubt.linux.FileStatus;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.launch.LaunchSpec.Bind;
import dev.redoubt.node.launch.LaunchSpec.Owners;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxSpec;
import java.util.ArrayList;
import java.util.List;

/** The mounts that the local root asked for: exactly one owner of the host is one user inside. */
final class Mounting {
    private Mounting() {}

    /**
     * The binds of a spec.
     *
     * @param first index of the first mount's descriptor
     * @throws Problem when a source is missing, or would be writable and belongs to the host's root
     */
    static List<Bind> binds(SandboxSpec spec, int first) {
        List<Bind> binds = new ArrayList<>();
        for (HostMount mount : spec.mounts()) {
            FileStatus source = status(mount);
            if (!mount.readOnly() && (source.uid() == 0 || source.gid() == 0)) {
                throw new Problem(
                        ProblemCode.FORBIDDEN,
                        "mount " + mount.source() + " belongs to root: mount it with :ro, or give it to another user"
                                + " and group, who will be the job's user inside");
            }
            int user = spec.mountUid();
            binds.add(new Bind(
                    first + binds.size(),
                    mount.readOnly(),
                    new Owners.One(source.uid(), source.gid(), user, user),
                    mount.target()));
        }
        return List.copyOf(binds);
    }

    private static FileStatus status(HostMount mount) {
        try {
            FileStatus status = LinuxFiles.status(mount.source().toRealPath().toString());
            if (!status.isDirectory() && !status.isRegularFile()) {
                throw new Problem(
                        ProblemCode.VALIDATION_ERROR,
                        "mount source " + mount.source() + " is neither a directory nor a regular file");
            }
            return status;
        } catch (LinuxException | java.io.IOException missing) {
            throw new Problem(
                    ProblemCode.VALIDATION_ERROR,
                    "mount source " + mount.source() + " cannot be opened: " + missing.getMessage(),
                    missing);
        }
    }
}
