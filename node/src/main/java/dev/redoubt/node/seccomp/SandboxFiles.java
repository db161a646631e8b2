package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.ranges.IdRange;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The file tree of one sandbox whose opens the broker does. */
final class SandboxFiles implements AutoCloseable {
    private static final String DELETED = " (deleted)";

    private final Fd root;
    private final HiddenNames hidden;
    private final LaunchSpec.Landlock landlock;
    private final IdRange ids;
    private final Callers callers = new Callers();

    private SandboxFiles(Fd root, Openings terms) {
        this.root = root;
        this.hidden = new HiddenNames(terms.patterns());
        this.landlock = terms.landlock();
        this.ids = terms.ids();
    }

    /**
     * The files of a running sandbox. No call that could change a process's root passes its filter, so the root of its
     * process 1 is everybody's.
     *
     * @param process its process 1, by our number; the caller makes sure that it still is that afterwards
     * @return empty when there is no such process
     */
    static Optional<SandboxFiles> of(int process, Openings terms) {
        try {
            Fd root = LinuxFiles.open("/proc/" + process + "/root", LinuxFiles.O_PATH | LinuxFiles.O_DIRECTORY);
            return Optional.of(new SandboxFiles(root, terms));
        } catch (LinuxException gone) {
            if (gone.errno() == Errno.ENOENT || gone.errno() == Errno.ESRCH) {
                return Optional.empty();
            }
            throw gone;
        }
    }

    Fd root() {
        return root;
    }

    Callers callers() {
        return callers;
    }

    IdRange ids() {
        return ids;
    }

    /** The pattern that hides a file. The kernel marks the name of one that is gone, which may still be held. */
    Optional<String> hiding(String name) {
        Optional<String> pattern = hidden.hiding(name);
        return pattern.isEmpty() && name.endsWith(DELETED)
                ? hidden.hiding(name.substring(0, name.length() - DELETED.length()))
                : pattern;
    }

    /** Whether the sandbox's Landlock rules give all these rights to a file of that name. */
    boolean grants(String name, long rights) {
        long granted = ~landlock.handledFs();
        for (LaunchSpec.Landlock.Rule rule : landlock.rules()) {
            if (isBeneath(name, rule.path())) {
                granted |= rule.access();
            }
        }
        return (rights & ~granted) == 0;
    }

    private static boolean isBeneath(String name, String path) {
        String directory = new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return directory.equals("/") || name.equals(directory) || name.startsWith(directory + "/");
    }

    @Override
    public void close() {
        root.close();
    }
}
