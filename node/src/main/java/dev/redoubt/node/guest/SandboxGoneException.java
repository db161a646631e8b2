package dev.redoubt.node.guest;

/** Nothing can be said to the guest any more: mostly because the sandbox has ended. */
public final class SandboxGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SandboxGoneException(String reason) {
        super(reason);
    }
}
