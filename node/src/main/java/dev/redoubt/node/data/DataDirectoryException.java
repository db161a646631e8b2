package dev.redoubt.node.data;

import dev.redoubt.linux.LinuxException;
import java.nio.file.Path;

/** The data directory cannot be used; the message says why and what to do. */
public final class DataDirectoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DataDirectoryException(Path path, String problem, String remedy) {
        super("data directory " + path + " " + problem + ": " + remedy);
    }

    DataDirectoryException(Path path, LinuxException cause) {
        super(
                "data directory " + path + " cannot be used (" + cause.getMessage() + "): "
                        + DataDirectory.remedy(cause.errno()),
                cause);
    }
}
