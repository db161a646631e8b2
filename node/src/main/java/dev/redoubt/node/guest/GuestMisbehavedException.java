package dev.redoubt.node.guest;

/** The guest did what the protocol forbids. Its sandbox is not to be trusted with our memory any longer. */
final class GuestMisbehavedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GuestMisbehavedException(String message) {
        super(message);
    }
}
