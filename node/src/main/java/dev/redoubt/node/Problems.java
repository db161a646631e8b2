package dev.redoubt.node;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.data.DirectoryException;
import dev.redoubt.node.disk.StorageFullException;
import dev.redoubt.node.image.ImageException;
import dev.redoubt.node.launch.LaunchException;
import dev.redoubt.node.launch.Step;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;

/** What a failure inside the node is called outside it. */
public final class Problems {
    private Problems() {}

    /** The problem that a typed failure of the node's parts is. */
    public static Problem of(RuntimeException why) {
        return switch (why) {
            case StorageFullException full -> new Problem(ProblemCode.STORAGE_FULL, message(full), full);
            case DirectoryException data -> new Problem(ProblemCode.UNPROCESSABLE, message(data), data);
            case LaunchException launch -> of(launch);
            case LinuxException linux
            when linux.errno() == Errno.ENOSPC || linux.errno() == Errno.EDQUOT ->
                new Problem(ProblemCode.STORAGE_FULL, message(linux), linux);
            case ImageException image -> new Problem(code(image.reason()), message(image), image);
            case CgroupException cgroup -> wall(cgroup);
            default -> wall(why);
        };
    }

    private static ProblemCode code(ImageException.Reason reason) {
        return switch (reason) {
            case NOT_FOUND -> ProblemCode.NOT_FOUND;
            case BAD_NAME -> ProblemCode.VALIDATION_ERROR;
            case IN_USE -> ProblemCode.CONFLICT;
            case STORAGE_FULL -> ProblemCode.STORAGE_FULL;
            case UNAUTHORIZED -> ProblemCode.FORBIDDEN;
            case REGISTRY -> ProblemCode.UNAVAILABLE;
            case ARCHIVE_REFUSED,
                    BAD_IMAGE,
                    WRONG_PLATFORM,
                    WRONG_DIGEST,
                    HOST_LACKS,
                    BUILD_FAILED,
                    UNPACK_FAILED,
                    STORE -> ProblemCode.UNPROCESSABLE;
        };
    }

    private static Problem of(LaunchException launch) {
        if (launch.step() == Step.BIND || launch.step() == Step.MOUNT_POINT || isProfiles(launch)) {
            return new Problem(ProblemCode.UNPROCESSABLE, message(launch), launch);
        }
        return wall(launch);
    }

    /** A path of a profile that this image has as something else; the masks of /proc fail in other ways. */
    private static boolean isProfiles(LaunchException launch) {
        return launch.step() == Step.MASK && (launch.errno() == Errno.ELOOP || launch.errno() == Errno.ENOTDIR);
    }

    /** A wall, or all of them, could not be built; the message says which. */
    static Problem wall(Exception why) {
        return new Problem(
                ProblemCode.WALL_UNAVAILABLE,
                message(why) + "; ./redoubt doctor says what this host lacks and how to mend it",
                why);
    }

    private static String message(Exception why) {
        return String.valueOf(why.getMessage());
    }
}
