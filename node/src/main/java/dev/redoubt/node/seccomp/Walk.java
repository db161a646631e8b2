package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileSystemSpace;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Opened;
import dev.redoubt.linux.StrangersPath;
import dev.redoubt.node.seccomp.Lookup.Found;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One path, name by name, with the links of /proc that mean whoever follows them ({@code self}, {@code thread-self}) taken
 * for the caller. On a thread that is the caller; each step is the kernel's, from a directory that is held.
 */
final class Walk implements AutoCloseable {
    private static final int HELD = LinuxFiles.O_PATH | LinuxFiles.O_NOFOLLOW;
    private static final int MOST_LINKS = 40; // MAXSYMLINKS of linux/namei.h
    /** A path has half as many. Links of 4 KiB each could make 80,000 of it, of which each costs us ten times what the kernel pays. */
    private static final int MOST_NAMES = 4096;

    /** Of openat2(2): where the way begins is as a root to it. */
    static final int SCOPED = LinuxFiles.RESOLVE_BENEATH | LinuxFiles.RESOLVE_IN_ROOT;

    /** Of openat2(2), what holds for each step as for the whole. */
    private static final long OF_EACH_STEP = LinuxFiles.RESOLVE_NO_XDEV;

    private static final long PROC_ROOT = 1; // PROC_ROOT_INO of linux/proc_ns.h

    private static final Pattern OWN_LINK = Pattern.compile("fd/[0-9]+|cwd|root|exe");

    private final Fd root;
    private final Fd base;
    private final Caller caller;
    private final long resolve;
    private final Deque<String> names = new ArrayDeque<>();
    private Fd at;
    private int links;
    private int steps;
    private boolean atBase;

    private Walk(Fd root, Fd base, Caller caller, long resolve) {
        this.root = root;
        this.base = base;
        this.caller = caller;
        this.resolve = resolve;
        this.at = root.duplicate();
    }

    /**
     * @param base where a relative path begins
     * @param resolve what the caller asked of openat2(2)
     */
    static Walk of(Fd root, Fd base, Caller caller, long resolve) {
        return new Walk(root, base, caller, resolve);
    }

    Found find(String path, int flags) {
        boolean directory = path.endsWith("/") || (flags & LinuxFiles.O_DIRECTORY) != 0;
        boolean followsLast = path.endsWith("/") || (flags & LinuxFiles.O_NOFOLLOW) == 0;
        if (path.startsWith("/") && asks(LinuxFiles.RESOLVE_BENEATH)) {
            return new Found.Failed(Errno.EXDEV);
        }
        if (!path.startsWith("/") || asks(SCOPED)) {
            enterBase();
        }
        ahead(path);
        while (!names.isEmpty()) {
            Optional<Found> end = step(names.pop(), followsLast);
            if (end.isPresent()) {
                return end.get();
            }
        }
        return directory && !LinuxFiles.status(at).isDirectory()
                ? new Found.Failed(Errno.ENOTDIR)
                : new Found.Held(at.moved());
    }

    @Override
    public void close() {
        at.close();
    }

    private void ahead(String path) {
        Arrays.asList(path.split("/", -1)).reversed().forEach(names::push);
    }

    /** Goes one name further, or says where the way ends. */
    private Optional<Found> step(String name, boolean followsLast) {
        if (name.isEmpty() || name.equals(".")) {
            return Optional.empty();
        }
        if (++steps > MOST_NAMES) {
            return failed(Errno.ELOOP);
        }
        if (asks(SCOPED) && name.equals("..")) {
            return up();
        }
        boolean inProc = LinuxFiles.space(at).magic() == FileSystemSpace.PROC;
        boolean inProcRoot = inProc && LinuxFiles.status(at).inode() == PROC_ROOT;
        Optional<String> meant = inProcRoot ? caller(name) : Optional.empty();
        if (meant.isPresent()) {
            ahead(meant.get());
            return Optional.empty();
        }
        return switch (Lookup.open(at, name, HELD, resolve & OF_EACH_STEP)) {
            case Opened.Failed(int errno) -> failed(errno);
            case Opened.File(Fd entry) ->
                LinuxFiles.status(entry).isSymbolicLink() && (followsLast || !names.isEmpty())
                        ? follow(entry, inProc && !inProcRoot)
                        : enter(entry);
        };
    }

    private Optional<String> caller(String name) {
        return switch (name) {
            case "self" -> Optional.of(Integer.toString(caller.process()));
            case "thread-self" -> Optional.of(caller.process() + "/task/" + caller.thread());
            default -> Optional.empty();
        };
    }

    private Optional<Found> enter(Fd entry) {
        at.close();
        at = entry;
        atBase = false;
        return Optional.empty();
    }

    private Optional<Found> enterBase() {
        enter(base.duplicate());
        atBase = true;
        return Optional.empty();
    }

    /** Only the kernel could make sure that a way up from deeper stays beneath; it has tried, and could not find the path. */
    private Optional<Found> up() {
        if (!atBase) {
            return failed(Errno.ENOENT);
        }
        return asks(LinuxFiles.RESOLVE_BENEATH) ? failed(Errno.EXDEV) : Optional.empty();
    }

    private Optional<Found> follow(Fd link, boolean isDoor) {
        try (link) {
            if (isDoor) {
                return Optional.of(door(Lookup.nameOf(link)));
            }
            if (++links > MOST_LINKS) {
                return failed(Errno.ELOOP);
            }
            String target = new String(StrangersPath.targetOf(link), StandardCharsets.ISO_8859_1);
            ahead(target);
            return target.startsWith("/") ? enterRoot() : Optional.empty();
        }
    }

    /** By an absolute link. */
    private Optional<Found> enterRoot() {
        Fd top = asks(SCOPED) ? base : root;
        if (asks(LinuxFiles.RESOLVE_BENEATH)
                || (asks(LinuxFiles.RESOLVE_NO_XDEV) && LinuxFiles.mountOf(at) != LinuxFiles.mountOf(top))) {
            return failed(Errno.EXDEV);
        }
        return asks(SCOPED) ? enterBase() : enter(root.duplicate());
    }

    private static Optional<Found> failed(int errno) {
        return Optional.of(new Found.Failed(errno));
    }

    private boolean asks(long flag) {
        return (resolve & flag) != 0;
    }

    /** Doors lead off the mount of /proc. */
    private Found door(String name) {
        if (asks(LinuxFiles.RESOLVE_NO_MAGICLINKS)) {
            return new Found.Failed(Errno.ELOOP);
        }
        if (asks(LinuxFiles.RESOLVE_NO_XDEV | SCOPED)) {
            return new Found.Failed(Errno.EXDEV);
        }
        String process = "/proc/" + caller.process() + "/";
        for (String own : List.of(process + "task/" + caller.thread() + "/", process)) {
            if (name.startsWith(own)
                    && OWN_LINK.matcher(name.substring(own.length())).matches()) {
                return new Found.Own(name.substring(own.length()), String.join("/", names));
            }
        }
        return new Found.Door(name);
    }
}
