package dev.redoubt.app;

import dev.redoubt.protocol.Problem;

/**
 * The command line says no, in one line.
 *
 * @see Code the stable word that programs read
 */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The codes of the contract that a command line can meet, each with its exit code. */
    enum Code {
        VALIDATION_ERROR(Exit.USAGE),
        UNPROCESSABLE(Exit.FAILED),
        WALL_UNAVAILABLE(Exit.FAILED),
        CONFLICT(Exit.FAILED),
        STORAGE_FULL(Exit.FAILED),
        UNAVAILABLE(Exit.NOT_RUNNING),
        NOT_FOUND(Exit.NOT_FOUND),
        FORBIDDEN(Exit.NOT_ALLOWED),
        UNAUTHENTICATED(Exit.NOT_ALLOWED),
        TOO_LARGE(Exit.FAILED),
        NODE_UNAVAILABLE(Exit.NOT_RUNNING),
        INTERNAL(Exit.FAILED);

        private final int exit;

        Code(int exit) {
            this.exit = exit;
        }

        int exit() {
            return exit;
        }
    }

    private final Code code;

    Refusal(Code code, String message) {
        super(message);
        this.code = code;
    }

    static Refusal notBuilt(String what) {
        return new Refusal(Code.UNPROCESSABLE, what + " is not built yet");
    }

    /** For whoever caught the interruption; the thread has it again. */
    static Refusal interrupted() {
        Thread.currentThread().interrupt();
        return new Refusal(Code.UNAVAILABLE, "interrupted");
    }

    /** A problem of the node's, in the command line's words. */
    static Refusal of(Problem problem) {
        return new Refusal(Code.valueOf(problem.code().name()), problem.detail());
    }

    Code code() {
        return code;
    }
}
