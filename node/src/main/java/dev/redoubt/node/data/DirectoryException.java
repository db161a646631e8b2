package dev.redoubt.node.data;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The data directory, or the run directory, cannot be used; the message says why and what to do. */
public final class DirectoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DirectoryException(ClosedDirectory.Kind kind, Path path, String problem, String remedy) {
        this(kind, path, problem, remedy, null);
    }

    DirectoryException(ClosedDirectory.Kind kind, Path path, String problem, String remedy, @Nullable Throwable cause) {
        super(kind.words() + " " + path + " " + problem + ": " + remedy, cause);
    }
}
