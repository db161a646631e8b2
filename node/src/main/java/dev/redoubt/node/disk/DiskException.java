package dev.redoubt.node.disk;

/** A sandbox's disk could not be made, found or removed. */
public sealed class DiskException extends RuntimeException permits StorageFullException, MechanismMissingException {
    private static final long serialVersionUID = 1L;

    DiskException(String step, Throwable cause) {
        super(step + ": " + cause.getMessage(), cause);
    }

    DiskException(String message) {
        super(message);
    }
}
