package dev.redoubt.node;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.data.DataDirectoryException;
import dev.redoubt.node.disk.StorageFullException;
import dev.redoubt.node.launch.LaunchException;
import dev.redoubt.node.launch.Step;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;

/** What a failure inside the node is called outside it. */
final class Problems {
    private Problems() {}

    static Problem of(RuntimeException why) {
        return switch (why) {
            case StorageFullException full -> new Problem(ProblemCode.STORAGE_FULL, message(full), full);
            case DataDirectoryException data -> new Problem(ProblemCode.UNPROCESSABLE, message(data), data);
            case LaunchException launch -> of(launch);
            case LinuxException linux when linux.errno() == Errno.ENOSPC || linux.errno() == Errno.EDQUOT ->
                new Problem(ProblemCode.STORAGE_FULL, message(linux), linux);
            case CgroupException cgroup -> wall(cgroup);
            default -> wall(why);
        };
    }

    private static Problem of(LaunchException launch) {
        if (launch.step() == Step.BIND || launch.step() == Step.MOUNT_POINT) {
            return new Problem(ProblemCode.UNPROCESSABLE, message(launch), launch);
        }
        return wall(launch);
    }

    private static Problem wall(RuntimeException why) {
        return new Problem(
                ProblemCode.WALL_UNAVAILABLE,
                message(why) + "; ./redoubt doctor says what this host lacks and how to mend it",
                why);
    }

    private static String message(RuntimeException why) {
        return String.valueOf(why.getMessage());
    }
}
