package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Opened;
import dev.redoubt.linux.StrangersPath;
import java.nio.charset.StandardCharsets;

/**
 * Finds what a path of a sandbox means, on a thread that is the caller, without opening it.
 *
 * <p>The kernel walks: from the sandbox's root, out of which no link leads (RESOLVE_IN_ROOT), and over no link of /proc
 * that is not a path but a door (RESOLVE_NO_MAGICLINKS). Only where that leads nowhere it is walked again by {@link Walk},
 * because a link may mean whoever follows it, and that would be us.
 */
final class Lookup {
    private static final int ROOT_OF_ITS_OWN = LinuxFiles.RESOLVE_BENEATH | LinuxFiles.RESOLVE_IN_ROOT;

    private final Fd root;
    private final Fd base;
    private final Caller caller;
    private final long resolve;

    /**
     * @param root of the sandbox
     * @param base where relative paths begin
     * @param resolve what the caller asked of openat2(2)
     */
    Lookup(Fd root, Fd base, Caller caller, long resolve) {
        this.root = root;
        this.base = base;
        this.caller = caller;
        this.resolve = resolve;
    }

    /** What a path is. */
    sealed interface Found {
        /** Held open by O_PATH; whoever asked closes it. */
        record Held(Fd fd) implements Found {}

        /**
         * By a link of /proc that leads to something of the caller's own: an open file, its working directory, its program.
         * Only root can take hold of that.
         *
         * @param link beneath the directory of the process, as {@code fd/0}
         * @param rest of the path; empty when the link was its end
         */
        record Own(String link, String rest) implements Found {}

        /** A link of /proc that leads into another process, or past the walls. */
        record Door(String name) implements Found {}

        record Failed(int errno) implements Found {}
    }

    /** @param flags O_NOFOLLOW, O_DIRECTORY, both or neither */
    Found find(String path, int flags) {
        int held = flags | LinuxFiles.O_PATH;
        if ((resolve & ROOT_OF_ITS_OWN) != 0) {
            return found(open(base, path, held, resolve));
        }
        boolean relative = !path.startsWith("/");
        Opened opened = relative ? open(base, path, held, resolve | LinuxFiles.RESOLVE_BENEATH) : fromRoot(path, held);
        if (relative && opened instanceof Opened.Failed(int errno) && leavesBase(errno)) {
            opened = fromRoot(absolute(path), held);
        }
        if (opened instanceof Opened.Failed(int errno) && mayLeadOverSelf(errno)) {
            return Walk.of(root, caller).find(relative ? absolute(path) : path, flags);
        }
        return found(opened);
    }

    /** The way goes up, or over an absolute link; or somebody moved directories while the kernel was on it. */
    private static boolean leavesBase(int errno) {
        return errno == Errno.EXDEV || errno == Errno.EAGAIN;
    }

    private boolean mayLeadOverSelf(int errno) {
        return (errno == Errno.ENOENT || errno == Errno.ELOOP) && (resolve & LinuxFiles.RESOLVE_NO_SYMLINKS) == 0;
    }

    private Opened fromRoot(String path, int flags) {
        return open(root, path, flags, resolve | LinuxFiles.RESOLVE_IN_ROOT);
    }

    private String absolute(String path) {
        return nameOf(base) + "/" + path;
    }

    static Opened open(Fd directory, String path, int flags, long resolve) {
        return StrangersPath.open(
                directory, OpenRequest.bytes(path), flags, 0, resolve | LinuxFiles.RESOLVE_NO_MAGICLINKS);
    }

    private static Found found(Opened opened) {
        return switch (opened) {
            case Opened.File(Fd fd) -> new Found.Held(fd);
            case Opened.Failed(int errno) -> new Found.Failed(errno);
        };
    }

    /** The name that a file has now, from the sandbox's root. */
    static String nameOf(Fd file) {
        return new String(StrangersPath.nameOf(file), StandardCharsets.ISO_8859_1);
    }
}
