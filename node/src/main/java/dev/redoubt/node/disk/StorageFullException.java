package dev.redoubt.node.disk;

/** The host has no room for another disk. */
public final class StorageFullException extends DiskException {
    private static final long serialVersionUID = 1L;

    StorageFullException(String message) {
        super(message + ": free some space on the file system of the data directory");
    }

    StorageFullException(String step, Throwable cause) {
        super(step + " (free some space on the file system of the data directory)", cause);
    }
}
