package dev.redoubt.app;

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
        UNAUTHENTICATED(Exit.NOT_ALLOWED);

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

    Code code() {
        return code;
    }
}
