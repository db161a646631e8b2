package dev.redoubt.protocol;

/**
 * A refusal or failure that a caller is told about. The code is for programs, the detail says to a person what to do.
 *
 * <p>When it is thrown, nothing was done or everything was undone.
 */
public final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ProblemCode code;

    /** A problem without a cause of its own. */
    public Problem(ProblemCode code, String detail) {
        super(detail);
        this.code = code;
    }

    /** A problem that another failure led to. */
    public Problem(ProblemCode code, String detail, Throwable cause) {
        super(detail, cause);
        this.code = code;
    }

    public ProblemCode code() {
        return code;
    }

    /** What went wrong and what to do about it. */
    public String detail() {
        return String.valueOf(getMessage());
    }
}
