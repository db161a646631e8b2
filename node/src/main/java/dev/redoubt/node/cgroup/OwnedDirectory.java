package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** The directory {@code redoubt} at the top of a hierarchy, shared by every process of ours on this host. */
final class OwnedDirectory {
    static final String NAME = "redoubt";

    private static final int ROUNDS = 100;

    private OwnedDirectory() {}

    /**
     * Makes {@code child}, and {@code parent} first when it is not there.
     *
     * <p>Another process may remove the parent at any moment, when it finds it empty, so this takes as many rounds as it
     * takes; each round that is lost means that another process has just finished its last sandbox.
     */
    static void make(GroupDirectory parent, GroupDirectory child, Runnable whenParentIsNew) {
        for (int round = 0; round < ROUNDS; round++) {
            try {
                if (!child.make()) {
                    throw new LinuxException("mkdir", Errno.EEXIST, child.path());
                }
                return;
            } catch (LinuxException refused) {
                if (refused.errno() != Errno.ENOENT) {
                    throw refused;
                }
                parent.make();
                whenParentIsNew.run();
            }
        }
        throw new CgroupException("another process keeps removing " + parent.path());
    }

    static Set<String> children(GroupDirectory parent) {
        Set<String> names = new TreeSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of(parent.path()), Files::isDirectory)) {
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
        } catch (NoSuchFileException none) {
            return names;
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
        return names;
    }
}
