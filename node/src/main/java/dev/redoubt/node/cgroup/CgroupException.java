package dev.redoubt.node.cgroup;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A control group could not be made, limited, read, frozen, killed or removed; the message says which. */
public final class CgroupException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @Nullable
    private final Controller missing;

    CgroupException(String step, Throwable cause) {
        super(step, cause);
        this.missing = null;
    }

    CgroupException(String step) {
        super(step);
        this.missing = null;
    }

    /** The wall cannot be built on this host. */
    CgroupException(Gap gap) {
        super(gap.reason());
        this.missing = gap.controller();
    }

    /** The controller this host lacks, when that is the reason. */
    public Optional<Controller> missing() {
        return Optional.ofNullable(missing);
    }
}
