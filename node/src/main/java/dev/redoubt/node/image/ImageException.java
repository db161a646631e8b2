package dev.redoubt.node.image;

/** Something about an image went wrong; {@link #reason} is for programs, the message for people. */
public sealed class ImageException extends RuntimeException permits ArchiveRefused {
    private static final long serialVersionUID = 1L;

    /** What kind of failure, a closed set. */
    public enum Reason {
        /** No image of that name or digest is kept here. */
        NOT_FOUND,
        /** The text is no image name. */
        BAD_NAME,
        /** A sandbox still runs on it. */
        IN_USE,
        /** The archive or image is hostile or damaged, see {@link ArchiveRefused}. */
        ARCHIVE_REFUSED,
        /** The archive or image lacks a part, or its parts contradict each other. */
        BAD_IMAGE,
        /** The image is for another operating system or processor. */
        WRONG_PLATFORM,
        /** What arrived is not what its digest says. */
        WRONG_DIGEST,
        /** The registry does not let this caller in. */
        UNAUTHORIZED,
        /** The registry cannot be reached, or answers something unexpected. */
        REGISTRY,
        /** The disk is full. */
        STORAGE_FULL,
        /** A program or package of this machine is missing, the message says which. */
        HOST_LACKS,
        /** Building the base image failed. */
        BUILD_FAILED,
        /** The unpacking sandbox could not be built or died. */
        UNPACK_FAILED,
        /** The store itself cannot be read or written. */
        STORE
    }

    private final Reason reason;

    public ImageException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public ImageException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
