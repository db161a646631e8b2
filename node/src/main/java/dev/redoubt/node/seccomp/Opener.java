package dev.redoubt.node.seccomp;

import static dev.redoubt.node.seccomp.OpenRequest.O_CREAT;
import static dev.redoubt.node.seccomp.OpenRequest.O_DIRECTORY;
import static dev.redoubt.node.seccomp.OpenRequest.O_EXCL;
import static dev.redoubt.node.seccomp.OpenRequest.O_NOCTTY;
import static dev.redoubt.node.seccomp.OpenRequest.O_NOFOLLOW;
import static dev.redoubt.node.seccomp.OpenRequest.O_NONBLOCK;
import static dev.redoubt.node.seccomp.OpenRequest.O_PATH;
import static dev.redoubt.node.seccomp.OpenRequest.O_TMPFILE;
import static dev.redoubt.node.seccomp.OpenRequest.O_TRUNC;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.FileStatus;
import dev.redoubt.linux.FileSystemSpace;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MemoryFile;
import dev.redoubt.linux.Opened;
import dev.redoubt.linux.StrangersPath;
import dev.redoubt.node.seccomp.Lookup.Found;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;

/**
 * Opens one file for a caller, on a thread that is the caller.
 *
 * <p>The path is found first and only held (O_PATH): nothing happens to a file by that. Then it has a name, which the
 * patterns are held against, and a kind; and what is held is opened, not what its name says by then. So there is nothing
 * between the decision and the open that could be changed.
 */
final class Opener {
    private static final int PROBES = 8; // of a name that comes and goes, and of links that lead to nothing

    private static final String MEMORY_FILE = "/memfd:";
    private static final int MEMORY_DEVICES = 1;
    private static final Set<Integer> HARMLESS = Set.of(3, 5, 7, 8, 9); // null zero full random urandom
    private static final Device MULTIPLEXER = new Device(5, 2);
    private static final int FIRST_TERMINALS = 136;
    private static final int LAST_TERMINALS = 143;

    // LANDLOCK_ACCESS_FS_ of linux/landlock.h
    private static final long WRITE_FILE = 1 << 1;
    private static final long READ_FILE = 1 << 2;
    private static final long READ_DIR = 1 << 3;
    private static final long MAKE_REG = 1 << 8;
    private static final long TRUNCATE = 1 << 14;

    private final SandboxFiles files;
    private final Caller caller;
    private final OpenRequest request;
    private final Lookup lookup;

    /** @param base where relative paths begin */
    Opener(SandboxFiles files, Fd base, Caller caller, OpenRequest request) {
        this.files = files;
        this.caller = caller;
        this.request = request;
        this.lookup = new Lookup(files.root(), base, caller, request.resolve());
    }

    Opening open() {
        String path = request.path();
        for (int probe = 0; probe < PROBES; probe++) {
            Found found = lookup.find(path, (followsLast() ? 0 : O_NOFOLLOW) | (request.flags() & O_DIRECTORY));
            if (!(found instanceof Found.Failed(int errno)) || errno != Errno.ENOENT || !request.has(O_CREAT)) {
                return opened(found);
            }
            Making making = make(path);
            if (making instanceof Making.Done(Opening opening)) {
                return opening;
            }
            path = ((Making.TryAgain) making).path();
        }
        return new Opening.KernelSays(Errno.ELOOP);
    }

    private boolean followsLast() {
        return !request.has(O_NOFOLLOW) && !(request.has(O_CREAT) && request.has(O_EXCL));
    }

    private Opening opened(Found found) {
        return switch (found) {
            case Found.Held(Fd file) -> held(file);
            case Found.Own(String link, String rest) -> new Opening.FromOwn(link, rest);
            case Found.Door(String name) ->
                refused(Errno.EACCES, "the link " + name + " leads into a process, past the names that are hidden");
            case Found.Failed(int errno) -> new Opening.KernelSays(errno);
        };
    }

    /** Opens what is held, if nothing speaks against it. */
    Opening held(Fd file) {
        try (file) {
            String name = Lookup.nameOf(file);
            FileStatus status = LinuxFiles.status(file);
            Optional<Opening> objection = objection(file, name, status);
            if (objection.isPresent()) {
                return objection.get();
            }
            return reopened(file, name, status);
        }
    }

    private Opening reopened(Fd file, String name, FileStatus status) {
        int flags = (request.flags() & ~(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_NOCTTY;
        if (name.startsWith("/proc/") && isProc(file)) {
            return reopenedInProc(file, name, flags);
        }
        return opening(
                status.isRegularFile()
                        ? StrangersPath.reopenAtOnce(file, flags, request.mode())
                        : StrangersPath.reopen(file, flags, request.mode()));
    }

    private Opening reopenedInProc(Fd file, String name, int flags) {
        // A process may always look at itself, but it is us who looks, from another user namespace.
        boolean ofCaller = !request.writes() && ProcRules.showsItself(name, caller.process());
        Opened opened = ofCaller
                ? StrangersPath.reopenAsTracer(file, flags, request.mode())
                : StrangersPath.reopen(file, flags, request.mode());
        if (opened instanceof Opened.File(Fd ids) && ProcRules.tellsIds(name)) {
            try (ids) {
                String text = StatusFile.inside(LinuxFiles.readOnce(ids), files.ids());
                return new Opening.File(MemoryFile.readable("status", text.getBytes(StandardCharsets.UTF_8)));
            }
        }
        return opening(opened);
    }

    private static Opening opening(Opened opened) {
        return switch (opened) {
            case Opened.File(Fd fd) -> new Opening.File(fd);
            case Opened.Failed(int errno) -> new Opening.KernelSays(errno);
        };
    }

    private Optional<Opening> objection(Fd file, String name, FileStatus status) {
        Optional<Opening> hidden = hidden(name, Errno.ENOENT);
        if (hidden.isPresent()) {
            return hidden;
        }
        if (request.has(O_CREAT) && request.has(O_EXCL)) {
            return says(Errno.EEXIST);
        }
        if (!files.grants(name, rights(status.isDirectory())) && !isNobodys(file, name)) {
            return says(notGranted(file));
        }
        return kindObjects(file, name, status);
    }

    private Optional<Opening> hidden(String name, int errno) {
        return files.hiding(name)
                .map(pattern -> new Opening.Refused(new Refusal(errno, pattern, "hidden by the pattern " + pattern)));
    }

    private static Optional<Opening> says(int errno) {
        return Optional.of(new Opening.KernelSays(errno));
    }

    private static Opening refused(int errno, String reason) {
        return new Opening.Refused(new Refusal(errno, "@file-system", reason));
    }

    /**
     * Whether it is of a file system that nobody can mount, as pipes and sockets without a name are and memory files: of those
     * Landlock asks nothing (security/landlock/fs.c, is_nouser_or_private).
     */
    private static boolean isNobodys(Fd file, String name) {
        long magic = LinuxFiles.space(file).magic();
        return magic == FileSystemSpace.PIPEFS
                || magic == FileSystemSpace.SOCKFS
                || magic == FileSystemSpace.ANON_INODE_FS
                || (magic == FileSystemSpace.TMPFS && name.startsWith(MEMORY_FILE)); // the root is no tmpfs
    }

    /** The error that comes first in the kernel: mounts are asked before Landlock is. */
    private int notGranted(Fd file) {
        return (request.writes() || request.has(O_CREAT)) && LinuxFiles.isReadOnly(file) ? Errno.EROFS : Errno.EACCES;
    }

    /** What security/landlock/fs.c asks of an open; of directories that are written the kernel says EISDIR. */
    private long rights(boolean directory) {
        long reading = request.reads() ? directory ? READ_DIR : READ_FILE : 0;
        long writing = request.writes() && !directory ? WRITE_FILE : 0;
        long making = request.has(O_TMPFILE) ? MAKE_REG : 0;
        return reading | writing | making | (request.has(O_TRUNC) ? TRUNCATE : 0);
    }

    private Optional<Opening> kindObjects(Fd file, String name, FileStatus status) {
        if (status.isSymbolicLink()) {
            return says(Errno.ELOOP);
        }
        if (status.isSocket()) {
            return says(Errno.ENXIO);
        }
        if (status.isDirectory()) {
            return request.has(O_CREAT) ? says(Errno.EISDIR) : procObjects(file, name, true);
        }
        if (status.isPipe()) {
            return waitsForPeer(file)
                    ? Optional.of(refused(
                            Errno.EOPNOTSUPP,
                            "the broker opens the files of this profile, and cannot wait for the other end of a pipe;"
                                    + " O_NONBLOCK or O_RDWR do not wait"))
                    : Optional.empty();
        }
        if ((status.isCharacterDevice() && !isOurs(status.self())) || status.isBlockDevice()) {
            return Optional.of(refused(
                    Errno.ENXIO, "the broker opens the files of this profile, and this device is who opens it"));
        }
        return procObjects(file, name, false);
    }

    /** Pipes without a name are open at both ends already (fs/pipe.c, fifo_open). */
    private boolean waitsForPeer(Fd pipe) {
        boolean waits = !request.has(O_NONBLOCK) && !(request.reads() && request.writes());
        return waits && LinuxFiles.space(pipe).magic() != FileSystemSpace.PIPEFS;
    }

    /** The devices that every sandbox has, but /dev/tty: that is the terminal of whoever opens it. */
    private static boolean isOurs(Device device) {
        return (device.major() == MEMORY_DEVICES && HARMLESS.contains(device.minor()))
                || device.equals(MULTIPLEXER)
                || (device.major() >= FIRST_TERMINALS && device.major() <= LAST_TERMINALS);
    }

    private static Optional<Opening> procObjects(Fd file, String name, boolean directory) {
        return name.startsWith("/proc/") && isProc(file)
                ? ProcRules.problem(name, directory).map(reason -> refused(Errno.EACCES, reason))
                : Optional.empty();
    }

    private static boolean isProc(Fd file) {
        return LinuxFiles.space(file).magic() == FileSystemSpace.PROC;
    }

    private sealed interface Making {
        record Done(Opening opening) implements Making {}

        /** The name is there by now, or is a link that leads to nothing: then its target is made. */
        record TryAgain(String path) implements Making {}
    }

    private static Making done(int errno) {
        return new Making.Done(new Opening.KernelSays(errno));
    }

    private Making make(String path) {
        int slash = path.lastIndexOf('/');
        String name = path.substring(slash + 1);
        if (name.isEmpty()) {
            return done(Errno.EISDIR);
        }
        return switch (lookup.find(slash < 0 ? "." : path.substring(0, slash + 1), O_DIRECTORY)) {
            case Found.Held(Fd directory) -> {
                try (directory) {
                    yield make(path, directory, name);
                }
            }
            case Found other -> new Making.Done(opened(other));
        };
    }

    private Making make(String path, Fd directory, String name) {
        String place = Lookup.nameOf(directory);
        String full = place.endsWith("/") ? place + name : place + "/" + name;
        Optional<Opening> hidden = hidden(full, Errno.EACCES);
        if (hidden.isPresent()) {
            return new Making.Done(hidden.get());
        }
        boolean granted = files.grants(place, MAKE_REG) && files.grants(full, rights(false));
        if (!granted && !isProc(directory)) { // where nothing can be made, and the kernel says so
            return done(notGranted(directory));
        }
        int flags = request.flags() | O_EXCL | O_NOFOLLOW | O_NOCTTY;
        int resolve = LinuxFiles.RESOLVE_BENEATH | LinuxFiles.RESOLVE_NO_SYMLINKS;
        Opened made = StrangersPath.open(directory, OpenRequest.bytes(name), flags, request.mode(), resolve);
        if (made instanceof Opened.Failed(int errno) && errno == Errno.EEXIST && !request.has(O_EXCL)) {
            return behind(path, directory, name);
        }
        return new Making.Done(opening(made));
    }

    /** What to do with a name that could not be found and is there. */
    private Making behind(String path, Fd directory, String name) {
        if (!(Lookup.open(directory, name, O_PATH | O_NOFOLLOW, 0) instanceof Opened.File(Fd entry))) {
            return new Making.TryAgain(path);
        }
        try (entry) {
            if (!LinuxFiles.status(entry).isSymbolicLink()) {
                return new Making.TryAgain(path);
            }
            if (request.has(O_NOFOLLOW) || request.resolve() != 0) {
                return done(Errno.ELOOP);
            }
            String target = new String(StrangersPath.targetOf(entry), StandardCharsets.ISO_8859_1);
            return new Making.TryAgain(target.startsWith("/") ? target : Lookup.nameOf(directory) + "/" + target);
        }
    }
}
