package dev.redoubt.node.seccomp;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.NotifiedCall;
import dev.redoubt.linux.ThreadUser;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One open for a caller, from its memory to its descriptor.
 *
 * <p>Everything that is the caller's is found by its thread's number. The number is its own as long as the call waits, so
 * that is asked when all of it is open, and what was read or opened until then is the caller's.
 */
final class OpenWork {
    private static final Refusal NO_HOLDING = new Refusal(
            Errno.EOPNOTSUPP,
            "@file-system",
            "this profile hides files by patterns, so the broker is asked, and can give nobody an O_PATH descriptor by openat2;"
                    + " by openat nobody is asked");

    private final BrokeredSandbox sandbox;
    private final Received received;
    private final SandboxFiles files;
    private final String process;
    private List<CallText> words = List.of();
    private boolean closesOnExec;

    private OpenWork(BrokeredSandbox sandbox, Received received) {
        this.sandbox = sandbox;
        this.received = received;
        this.files = sandbox.files();
        this.process = "/proc/" + received.call().thread();
    }

    static void finish(BrokeredSandbox sandbox, Received received) {
        new OpenWork(sandbox, received).finish();
    }

    /** Where the caller is gone, whatever was found of it, nobody hears the answer. */
    private void finish() {
        try {
            switch (opening()) {
                case Opening.File(Fd file) -> install(file);
                case Opening.Refused(Refusal refusal) ->
                    sandbox.refuse(received, words, refusal, sandbox.hasRoomForRefusal(received));
                case Opening.KernelSays(int errno) -> sandbox.fail(received, words, errno);
                case Opening.FromOwn(String _, String _) -> sandbox.fail(received, words, Errno.ELOOP);
            }
        } catch (LinuxException refused) {
            sandbox.fail(received, words, refused.errno());
        }
    }

    private void install(Fd file) {
        try (file) {
            sandbox.install(received, words, file, closesOnExec);
        }
    }

    private Opening opening() {
        OpenRequest request = request();
        closesOnExec = request.has(OpenRequest.O_CLOEXEC);
        if (request.has(OpenRequest.O_PATH)) {
            return new Opening.Refused(NO_HOLDING);
        }
        Caller caller = caller(request);
        try (Fd base = base(request)) {
            if (!waits()) {
                throw gone();
            }
            if (!files.ids().contains(caller.uid()) || !files.ids().contains(caller.gid())) {
                return new Opening.Refused(new Refusal(Errno.EPERM, "", "the caller's user is not of the sandbox"));
            }
            return opening(base == null ? files.root() : base, caller, request);
        }
    }

    private OpenRequest request() {
        NotifiedCall call = received.call();
        OpenRequest request = OpenRequest.read(call);
        words = List.of(new CallText.Read(OpenRequest.pathArgument(call.number()), request.pathBytes(), true));
        return request;
    }

    private Caller caller(OpenRequest request) {
        int thread = received.call().thread();
        if (!request.makes()) {
            return files.callers().of(thread);
        }
        Caller caller = Callers.read(thread);
        ThreadUser.umask(caller.umask());
        return caller;
    }

    private Opening opening(Fd base, Caller caller, OpenRequest request) {
        Opening opening;
        try (ThreadUser _ = caller.become()) {
            opening = new Opener(files, base, caller, request).open();
        }
        return opening instanceof Opening.FromOwn(String link, String rest)
                ? own(link, rest, caller, request)
                : opening;
    }

    private Opening own(String link, String rest, Caller caller, OpenRequest request) {
        try (Fd own = LinuxFiles.open(process + "/" + link, LinuxFiles.O_PATH)) {
            if (!waits()) {
                throw gone();
            }
            try (ThreadUser _ = caller.become()) {
                Opener opener = new Opener(files, own, caller, request.from(rest));
                return rest.isEmpty() ? opener.held(own.duplicate()) : opener.open();
            }
        }
    }

    /** Nothing where the path is absolute. */
    private @Nullable Fd base(OpenRequest request) {
        if (!request.needsBase()) {
            return null;
        }
        if (request.directory() == OpenRequest.AT_FDCWD) {
            return LinuxFiles.open(process + "/cwd", LinuxFiles.O_PATH);
        }
        try {
            return LinuxFiles.open(process + "/fd/" + request.directory(), LinuxFiles.O_PATH);
        } catch (LinuxException none) {
            throw none.errno() == Errno.ENOENT ? new LinuxException("openat", Errno.EBADF, none.subject()) : none;
        }
    }

    private boolean waits() {
        return sandbox.listener().isWaiting(received.call().id());
    }

    private static LinuxException gone() {
        return new LinuxException("openat", Errno.ESRCH, "its caller");
    }
}
