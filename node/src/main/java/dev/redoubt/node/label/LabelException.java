package dev.redoubt.node.label;

/** The host has AppArmor or SELinux and does not take what is ours. No sandbox is started without a label where the host has labels. */
public final class LabelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LabelException(String message) {
        super("cannot build the wall 'label': " + message);
    }

    LabelException(String message, Throwable cause) {
        super("cannot build the wall 'label': " + message, cause);
    }
}
