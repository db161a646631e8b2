package dev.redoubt.protocol;

/** Why something was refused, for programs: a closed, stable set. {@code status} is the HTTP status it travels with. */
public enum ProblemCode {
    VALIDATION_ERROR(400),
    FORBIDDEN(403),
    NOT_FOUND(404),
    CONFLICT(409),
    TOO_LARGE(413),
    UNPROCESSABLE(422),
    WALL_UNAVAILABLE(422),
    INTERNAL(500),
    NODE_UNAVAILABLE(502),
    UNAVAILABLE(503),
    STORAGE_FULL(507);

    private final int status;

    ProblemCode(int status) {
        this.status = status;
    }

    public int status() {
        return status;
    }
}
