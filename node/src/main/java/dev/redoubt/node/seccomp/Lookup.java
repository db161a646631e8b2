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
    /** Every mount and every move of a directory on the machine may spoil one. */
    private static final int TRIES = 16;

    private static final Opened SPOILT = new Opened.Failed(Errno.EAGAIN);

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
        if ((resolve & Walk.SCOPED) != 0) {
            return foundOverSelf(open(base, path, held, resolve), path, flags);
        }
        boolean relative = !path.startsWith("/");
        Opened opened = relative ? open(base, path, held, resolve | LinuxFiles.RESOLVE_BENEATH) : fromRoot(path, held);
        if (relative && opened instanceof Opened.Failed(int errno) && leavesBase(errno)) {
            if ((resolve & LinuxFiles.RESOLVE_NO_XDEV) != 0) {
                return walk(path, flags); // its mount is where it begins, which from the root would be crossed into
            }
            opened = fromRoot(absolute(path), held);
        }
        return foundOverSelf(opened, path, flags);
    }

    private Found foundOverSelf(Opened opened, String path, int flags) {
        return opened instanceof Opened.Failed(int errno) && mayLeadOverSelf(errno) ? walk(path, flags) : found(opened);
    }

    private Found walk(String path, int flags) {
        try (Walk walk = Walk.of(root, base, caller, resolve)) {
            return walk.find(path, flags);
        }
    }

    /** The way goes up, or over an absolute link. */
    private static boolean leavesBase(int errno) {
        return errno == Errno.EXDEV;
    }

    private boolean mayLeadOverSelf(int errno) {
        boolean stillSpoilt = errno == Errno.EAGAIN && resolve == 0;
        boolean leadsNowhere = errno == Errno.ENOENT || errno == Errno.ELOOP;
        return stillSpoilt || (leadsNowhere && (resolve & LinuxFiles.RESOLVE_NO_SYMLINKS) == 0);
    }

    private Opened fromRoot(String path, int flags) {
        return open(root, path, flags, resolve | LinuxFiles.RESOLVE_IN_ROOT);
    }

    private String absolute(String path) {
        return nameOf(base) + "/" + path;
    }

    /** Again while it is EAGAIN: the kernel cannot say that a way up stays within its bounds while something is moved. */
    static Opened open(Fd directory, String path, int flags, long resolve) {
        byte[] bytes = OpenRequest.bytes(path);
        Opened opened = StrangersPath.open(directory, bytes, flags, 0, resolve | LinuxFiles.RESOLVE_NO_MAGICLINKS);
        for (int left = TRIES; left > 0 && opened.equals(SPOILT) && (resolve & Walk.SCOPED) != 0; left--) {
            opened = StrangersPath.open(directory, bytes, flags, 0, resolve | LinuxFiles.RESOLVE_NO_MAGICLINKS);
        }
        return opened;
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
