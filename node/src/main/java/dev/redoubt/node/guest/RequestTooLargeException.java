package dev.redoubt.node.guest;

/** A run request is larger than the kernel or the channel takes. Said before anything is started. */
public final class RequestTooLargeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String limit;
    private final long value;
    private final long most;

    private RequestTooLargeException(String limit, long value, long most) {
        super(limit + ": " + value + ", at most " + most);
        this.limit = limit;
        this.value = value;
        this.most = most;
    }

    static void check(String limit, long value, long most) {
        if (value > most) {
            throw new RequestTooLargeException(limit, value, most);
        }
    }

    /** What is limited, in words. */
    public String limit() {
        return limit;
    }

    public long value() {
        return value;
    }

    public long most() {
        return most;
    }
}
