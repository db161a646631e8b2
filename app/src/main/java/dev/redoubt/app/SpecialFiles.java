package dev.redoubt.app;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sockets and named pipes in a directory of the host that is to be shown in a sandbox. Whoever owns them is the command's user
 * there, and a mount that is read-only keeps nobody from speaking to a socket or writing to a pipe (unix(7), fifo(7)).
 */
final class SpecialFiles {
    private static final int DEEPEST = 4;
    private static final int MOST_NAMES = 2_000;
    private static final int FORMAT = 0170_000;
    private static final Set<Integer> SOCKET_OR_PIPE = Set.of(0140_000, 0010_000);

    private SpecialFiles() {}

    /** The first that is met among the first 2,000 names, at most four levels deep; one that comes later nobody sees here. */
    static Optional<Path> firstIn(Path directory) {
        First first = new First();
        try {
            Files.walkFileTree(directory, Set.of(), DEEPEST, first);
        } catch (IOException unreadable) {
            return Optional.empty(); // the mount itself will say so
        }
        return Optional.ofNullable(first.found);
    }

    private static final class First extends SimpleFileVisitor<Path> {
        private @Nullable Path found;
        private int names;

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            if (attributes.isOther() && isSocketOrPipe(file)) {
                found = file;
            }
            return found == null && ++names < MOST_NAMES ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException gone) {
            return FileVisitResult.CONTINUE;
        }

        private static boolean isSocketOrPipe(Path file) throws IOException {
            int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            return SOCKET_OR_PIPE.contains(mode & FORMAT);
        }
    }
}
