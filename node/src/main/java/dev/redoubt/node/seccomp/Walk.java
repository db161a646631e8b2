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
final class Walk {
    private static final int HELD = LinuxFiles.O_PATH | LinuxFiles.O_NOFOLLOW;
    private static final int MOST_LINKS = 40; // MAXSYMLINKS of linux/namei.h
    private static final long PROC_ROOT = 1; // PROC_ROOT_INO of linux/proc_ns.h

    private static final Pattern OWN_LINK = Pattern.compile("fd/[0-9]+|cwd|root|exe");

    private final Fd root;
    private final Caller caller;
    private final Deque<String> names = new ArrayDeque<>();
    private Fd at;
    private int links;

    private Walk(Fd root, Caller caller) {
        this.root = root;
        this.caller = caller;
        this.at = root.duplicate();
    }

    static Walk of(Fd root, Caller caller) {
        return new Walk(root, caller);
    }

    Found find(String path, int flags) {
        boolean directory = path.endsWith("/") || (flags & LinuxFiles.O_DIRECTORY) != 0;
        boolean followsLast = path.endsWith("/") || (flags & LinuxFiles.O_NOFOLLOW) == 0;
        ahead(path);
        while (!names.isEmpty()) {
            Optional<Found> end = step(names.pop(), followsLast);
            if (end.isPresent()) {
                at.close();
                return end.get();
            }
        }
        if (directory && !LinuxFiles.status(at).isDirectory()) {
            at.close();
            return new Found.Failed(Errno.ENOTDIR);
        }
        return new Found.Held(at);
    }

    private void ahead(String path) {
        Arrays.asList(path.split("/", -1)).reversed().forEach(names::push);
    }

    /** Goes one name further, or says where the way ends. */
    private Optional<Found> step(String name, boolean followsLast) {
        if (name.isEmpty() || name.equals(".")) {
            return Optional.empty();
        }
        boolean inProc = LinuxFiles.space(at).magic() == FileSystemSpace.PROC;
        boolean inProcRoot = inProc && LinuxFiles.status(at).inode() == PROC_ROOT;
        Optional<String> meant = inProcRoot ? caller(name) : Optional.empty();
        if (meant.isPresent()) {
            ahead(meant.get());
            return Optional.empty();
        }
        return switch (Lookup.open(at, name, HELD, 0)) {
            case Opened.Failed(int errno) -> Optional.of(new Found.Failed(errno));
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
        return Optional.empty();
    }

    private Optional<Found> follow(Fd link, boolean isDoor) {
        try (link) {
            if (isDoor) {
                return Optional.of(door(Lookup.nameOf(link)));
            }
            if (++links > MOST_LINKS) {
                return Optional.of(new Found.Failed(Errno.ELOOP));
            }
            String target = new String(StrangersPath.targetOf(link), StandardCharsets.ISO_8859_1);
            ahead(target);
            return target.startsWith("/") ? enter(root.duplicate()) : Optional.empty();
        }
    }

    private Found door(String name) {
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
