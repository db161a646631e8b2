package dev.redoubt.node.disk;

/** This host cannot hold disk limits this way; the message says what is missing. */
public final class MechanismMissingException extends DiskException {
    private static final long serialVersionUID = 1L;

    MechanismMissingException(Mechanism mechanism, String missing) {
        super(mechanism + ": " + missing);
    }

    MechanismMissingException(Mechanism mechanism, Throwable cause) {
        super(mechanism.toString(), cause);
    }
}
