package dev.redoubt.node.launch;

import dev.redoubt.linux.Errno;
import java.util.List;

/** A sandbox could not be built; nothing of it is left. Names the step, so that {@code doctor} can say how to mend it. */
public final class LaunchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Step step;
    private final int errno;
    private final int item;

    /** The failure of {@code step} with a positive {@code errno}. */
    public LaunchException(Step step, int errno) {
        this(step, errno, 0);
    }

    /** @param item which entry of the step's list in the spec, from 1; 0 when it has none */
    LaunchException(Step step, int errno, int item) {
        this(step, "", errno, item);
    }

    private LaunchException(Step step, String path, int errno, int item) {
        super("sandbox not started: " + step.words() + path + ": " + Errno.describe(errno) + advice(step, errno));
        this.step = step;
        this.errno = errno;
        this.item = item;
    }

    /** @param words the runtime's own: printable, at most a few lines */
    static LaunchException ofRuntime(String words) {
        return new LaunchException("sandbox not started: " + Step.RUNTIME.words() + ": " + words, Step.RUNTIME);
    }

    private LaunchException(String message, Step step) {
        super(message);
        this.step = step;
        this.errno = Errno.EPROTO;
        this.item = 0;
    }

    /** The same failure with the path that it was about, where {@code spec} tells. */
    LaunchException at(LaunchSpec spec) {
        if (step == Step.LABEL) {
            return new LaunchException(step, " " + spec.label(), errno, item);
        }
        List<String> paths = switch (step) {
            case MASK -> spec.masks().stream().map(LaunchSpec.Mask::path).toList();
            case BIND, MOUNT_POINT ->
                spec.binds().stream().map(LaunchSpec.Bind::path).toList();
            default -> List.of();
        };
        boolean told = item >= 1 && item <= paths.size();
        return told ? new LaunchException(step, " " + paths.get(item - 1), errno, item) : this;
    }

    private static String advice(Step step, int errno) {
        if (step == Step.LABEL && errno == Errno.ENOENT) {
            return "; AppArmor does not have this profile (any more): the next start of the node loads it";
        }
        if (step == Step.LABEL && errno == Errno.EINVAL) {
            return "; SELinux does not know this context (any more): semodule -i native/selinux/redoubt.cil";
        }
        return errno == Errno.ELOOP && (step == Step.MASK || step == Step.MOUNT_POINT)
                ? "; it leads over a symbolic link of the image: name what that leads to"
                : "";
    }

    public Step step() {
        return step;
    }

    public int errno() {
        return errno;
    }
}
