package dev.redoubt.app;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.Terminal;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.daemon.NodeClient;
import dev.redoubt.node.guest.Bytes;
import dev.redoubt.node.guest.GuestChannel;
import dev.redoubt.node.guest.GuestLoop;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.RequestTooLargeException;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.TerminalSize;
import dev.redoubt.node.guest.Work;
import dev.redoubt.node.image.ImageConfig;
import dev.redoubt.node.seccomp.CallReport;
import dev.redoubt.node.seccomp.Filter;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.node.walls.report.WallsEvent;
import dev.redoubt.node.walls.report.WallsReader;
import dev.redoubt.node.walls.report.WallsReport;
import dev.redoubt.policy.profile.Meaning;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.Resources;
import dev.redoubt.protocol.RuntimeClass;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Runs one command in a fresh sandbox of this machine: in the node daemon when one runs, else in this process. */
final class LocalRun {
    private static final int STDIN = 0;
    private static final int STDOUT = 1;
    private static final int SIGKILL = 9;

    private final RunOptions options;
    private final Profile profile;
    private final Resources resources;

    LocalRun(RunOptions options, Profile profile) {
        this.options = options;
        this.profile = profile;
        this.resources = profile.resources().overriddenBy(options.resources());
    }

    /** @return the exit code of the command, or one of the contract's 124 to 127 */
    static int run(RunOptions options) {
        needsRoot("run");
        Profile profile = Profiles.named(options.profile());
        Meaning.warnings(profile).forEach(Say::line);
        try {
            return new LocalRun(options, profile).run();
        } catch (RequestTooLargeException large) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, String.valueOf(large.getMessage()));
        } catch (Problem problem) {
            throw Refusal.of(problem);
        } catch (InterruptedException stop) {
            throw Refusal.interrupted();
        }
    }

    static void needsRoot(String command) {
        if (LinuxFiles.status("/proc/self").uid() != 0) {
            throw new Refusal(
                    Refusal.Code.FORBIDDEN,
                    command + " needs root on this machine: sandboxes are built from namespaces and mounts");
        }
    }

    private int run() throws InterruptedException {
        NodeSettings settings = Installation.library();
        ImageConfig image = LocalImages.ensure(settings, options.image()).config();
        RunRequest request = request(image);
        SandboxSpec spec = spec(image);
        Optional<NodeClient> daemon = NodeClient.connect(settings.runDirectory());
        if (daemon.isPresent()) {
            try (NodeClient client = daemon.get()) {
                return inDaemon(client, spec, request);
            }
        }
        return inThisProcess(settings, spec, request);
    }

    private int inDaemon(NodeClient client, SandboxSpec spec, RunRequest request) throws InterruptedException {
        NodeClient.Lent lent = client.create(spec);
        RunSession session = session();
        int code;
        try (GuestLoop loop = GuestLoop.start();
                GuestChannel guest =
                        GuestChannel.open(loop, UnixSocket.adopt(lent.channel().handOver()))) {
            walls(guest, () -> client.walls(lent.id()).report());
            RunSession.Outcome outcome = converse(session, guest, request);
            explain(() -> client.syscalls(lent.id()));
            code = exitCode(outcome, ended(client, lent.id(), outcome));
        } finally {
            lent.pidfd().close();
        }
        session.finish();
        return delivered(session, code);
    }

    /** How the command ended is known, whatever has become of the daemon. */
    private static long ended(NodeClient client, SandboxId id, RunSession.Outcome outcome) {
        try {
            return client.end(id);
        } catch (Problem gone) {
            if (gone.code() != ProblemCode.NODE_UNAVAILABLE || !(outcome instanceof RunSession.Outcome.Ended)) {
                throw gone;
            }
            Say.line("the command has ended; " + gone.detail());
            return 0;
        }
    }

    private int inThisProcess(NodeSettings settings, SandboxSpec spec, RunRequest request) throws InterruptedException {
        RunSession session = session();
        // 40 ms the first time, while the node waits for the kernel
        Main.ahead(
                () -> Filter.of(spec.profile().calls(), !spec.files().patterns().isEmpty()));
        int code;
        try (Node node = Node.open(settings);
                Sandbox sandbox = node.create(spec)) {
            node.onDrift(LocalRun::sayDrift);
            walls(sandbox.guest(), () -> sandbox.walls().read());
            RunSession.Outcome outcome = converse(session, sandbox.guest(), request);
            explain(() -> sandbox.syscalls().report());
            code = exitCode(outcome, sandbox.cgroup().oomKills());
        }
        session.finish();
        return delivered(session, code);
    }

    /** A success whose output is lost is none. */
    private static int delivered(RunSession session, int code) {
        Optional<String> reason = session.unwritten();
        reason.ifPresent(why -> Say.line("what the command printed cannot be written: " + why));
        return reason.isPresent() && code == Exit.DONE ? Exit.RUN_FAILED : code;
    }

    private void explain(Supplier<CallReport> calls) {
        if (!options.explain()) {
            return;
        }
        try {
            Explanation.of(calls.get()).forEach(Say::line);
        } catch (Problem unknown) { // the command's exit code is worth more than the explanation
            Say.line("nothing can be explained: " + unknown.detail());
        }
    }

    /** Of a sandbox that has yet to begin: its process 1 drops the last of what it was born with before it is ready. */
    private void walls(GuestChannel guest, Supplier<WallsReport> report) {
        if (!options.walls()) {
            return;
        }
        try {
            guest.ready().join();
            WallsTable.of(report.get()).forEach(Say::line);
        } catch (Problem unknown) { // the command runs all the same: --walls asks for words, not for a condition
            Say.line("the walls cannot be read: " + unknown.detail());
        } catch (WallsReader.GoneException | CompletionException ended) {
            Say.line("the walls cannot be read: the sandbox has ended");
        }
    }

    private static void sayDrift(SandboxId id, WallsEvent event) {
        Say.line("the walls of " + id + ": " + event.kind());
        event.words().forEach(words -> Say.line("  " + words));
    }

    private RunSession session() {
        return new RunSession(resources.wall(), resources.idle());
    }

    private static RunSession.Outcome converse(RunSession session, GuestChannel guest, RunRequest request)
            throws InterruptedException {
        if (request.terminal().isEmpty()) {
            return session.run(guest, request);
        }
        Terminal terminal = new Terminal(STDIN);
        Terminal.Settings before = terminal.raw();
        try {
            return session.run(guest, request);
        } finally {
            terminal.restore(before);
        }
    }

    private int exitCode(RunSession.Outcome outcome, long oomKills) {
        return switch (outcome) {
            case RunSession.Outcome.OutOfTime(String limit) -> {
                Say.line(limit + " reached");
                yield Exit.RUN_TIME_LIMIT;
            }
            case RunSession.Outcome.SandboxGone() -> {
                Say.line(oomKills > 0 ? outOfMemory() : "the sandbox ended: its first process was killed");
                yield Exit.RUN_SIGNALLED + SIGKILL;
            }
            case RunSession.Outcome.Ended(JobExit.Exited(int code, var usage)) -> code;
            case RunSession.Outcome.Ended(JobExit.Signalled(int signal, var usage)) -> {
                if (signal == SIGKILL && oomKills > 0) {
                    Say.line(outOfMemory());
                }
                yield Exit.RUN_SIGNALLED + signal;
            }
            case RunSession.Outcome.Ended(JobExit.NotStarted(var step, int errno, var usage)) ->
                notStarted(step, errno);
        };
    }

    private String outOfMemory() {
        return "killed by the memory limit of " + resources.limits().memory();
    }

    private int notStarted(JobExit.StartStep step, int errno) {
        String command = options.command().getFirst();
        if (step != JobExit.StartStep.EXEC) {
            Say.line(command + " not started: " + step.name().toLowerCase(java.util.Locale.ROOT) + ": "
                    + Errno.describe(errno));
            return Exit.RUN_FAILED;
        }
        boolean missing = errno == Errno.ENOENT;
        Say.line(command + ": " + (missing ? "not found in the image" : Errno.describe(errno)));
        return missing ? Exit.RUN_NOT_FOUND : Exit.RUN_NOT_EXECUTABLE;
    }

    SandboxSpec spec(ImageConfig image) {
        Path here = Path.of("").toAbsolutePath();
        List<HostMount> mounts =
                options.mounts().stream().map(mount -> mount(here, mount)).toList();
        SandboxSpec spec = new SandboxSpec(
                options.image(),
                profile,
                resources.limits(),
                options.network().orElse(profile.network()),
                options.readOnly(),
                "sandbox",
                mounts,
                mounts.isEmpty() ? 0 : mountUid(user(image)),
                options.labels(),
                options.driver().orElseGet(this::usualDriver),
                false);
        return options.acceptSharedKernel() ? spec.onSharedKernel() : spec;
    }

    private Driver usualDriver() {
        return Driver.usualOf(options.acceptSharedKernel() ? profile.alsoIn(RuntimeClass.CONTAINER) : profile);
    }

    private static HostMount mount(Path here, RunOptions.Mount mount) {
        try {
            Path source = here.resolve(mount.source()).normalize();
            HostMount checked = new HostMount(source, mount.target(), mount.readOnly());
            SpecialFiles.firstIn(source).ifPresent(LocalRun::sayWhatIsShown);
            return checked;
        } catch (IllegalArgumentException invalid) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, String.valueOf(invalid.getMessage()));
        }
    }

    private static void sayWhatIsShown(Path special) {
        Say.line("warning: --mount shows " + special + ", a socket or a named pipe: the command can use it as its owner"
                + " can, and read-only holds for files alone");
    }

    private RunRequest request(ImageConfig image) {
        RunRequest request = work(image).withInput();
        return terminal().map(request::withTerminal).orElse(request);
    }

    /** The command, without a word of where its input comes from. */
    RunRequest work(ImageConfig image) {
        String user = user(image);
        boolean root = user.equals("root") || user.equals("0") || user.startsWith("root:") || user.startsWith("0:");
        long mask = Capability.mask(Capability.ofRootJob(profile));
        List<Bytes> environment = new ArrayList<>();
        image.environment().forEach(variable -> environment.add(Bytes.of(variable)));
        options.environmentBytes().forEach(variable -> environment.add(Bytes.of(variable)));
        return RunRequest.of(new Work.Exec(
                        options.commandBytes().stream().map(Bytes::of).toList()))
                .withUser(profile.users() == Profile.Users.SINGLE ? single(user) : user)
                .withDirectory(options.workdir().orElse(image.workingDirectory()))
                .withEnvironment(Environment.lastOfEach(environment))
                .withCapabilities(mask, root ? mask : 0);
    }

    /** A profile with a single user has no way to become another one: its jobs are the user of the guest. */
    private static String single(String user) {
        if (user.equals("1000") || user.equals("user")) {
            return "";
        }
        throw new Refusal(
                Refusal.Code.FORBIDDEN,
                "this profile has a single user, 1000; --user " + user + " needs a profile that switches users");
    }

    /** The image's own user before ours, and the command line's before both. */
    private String user(ImageConfig image) {
        return options.user().orElse(image.user().isEmpty() ? "1000" : image.user());
    }

    private static int mountUid(String user) {
        String name = user.split(":", -1)[0];
        if (name.equals("root")) {
            return 0;
        }
        if (name.equals("user")) {
            return 1000;
        }
        if (name.matches("[0-9]{1,5}")) {
            return Integer.parseInt(name);
        }
        throw new Refusal(
                Refusal.Code.VALIDATION_ERROR, "with --mount the user must be root, user or a number, not " + name);
    }

    private static Optional<TerminalSize> terminal() {
        Terminal in = new Terminal(STDIN);
        if (!in.isTerminal() || !new Terminal(STDOUT).isTerminal()) {
            return Optional.empty();
        }
        Terminal.Size size = in.size();
        return Optional.of(new TerminalSize(size.rows(), size.columns()));
    }
}
