package dev.redoubt.node.daemon;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.Hangup;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.Problems;
import dev.redoubt.node.data.DirectoryException;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.seccomp.CallReport;
import dev.redoubt.node.walls.report.SignedReport;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One sandbox of a node daemon, held by this process.
 *
 * <p>The daemon makes it and lends its guest channel: bytes of a job do not pass through the daemon, so its death stops
 * nothing. When it comes back it finds the sandbox with the spawner and waits for us to {@link #attach} again.
 */
public final class NodeClient implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long PAUSE_MILLIS = 50;

    private final Path path;
    private final Object asking = new Object();
    private UnixSocket socket;
    private @Nullable SandboxId held;
    private volatile boolean closed;

    private NodeClient(Path path, UnixSocket socket) {
        this.path = path;
        this.socket = socket;
    }

    /** A sandbox that is this process's to use; both descriptors are the caller's to close. */
    public record Lent(SandboxId id, Fd channel, Fd pidfd) {}

    /**
     * Connects to the daemon of a run directory, or says that none runs there.
     *
     * @throws Problem UNPROCESSABLE when somebody else could have put a socket there, or nobody can
     */
    public static Optional<NodeClient> connect(Path runDirectory) {
        try {
            return RunDirectory.existing(runDirectory)
                    .map(RunDirectory::daemonSocket)
                    .flatMap(NodeClient::connectTo);
        } catch (DirectoryException unsafe) {
            throw Problems.of(unsafe);
        }
    }

    private static Optional<NodeClient> connectTo(Path path) {
        try {
            return Optional.of(new NodeClient(path, UnixSocket.connect(path)));
        } catch (LinuxException nobody) {
            if (nobody.errno() == Errno.ENOENT || nobody.errno() == Errno.ECONNREFUSED) {
                return Optional.empty();
            }
            throw nobody;
        }
    }

    /**
     * Asks for a sandbox, and holds it from then on: when the daemon dies, its successor is told that we are still here.
     *
     * @throws Problem what the daemon refused, or NODE_UNAVAILABLE when it went away
     */
    public Lent create(SandboxSpec spec) {
        synchronized (asking) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(Message.MOST_BYTES);
                socket.send(new Message.Create(spec).encode(arena));
                UnixSocket.Received received = socket.receive(buffer);
                int[] descriptors = received.descriptors();
                Lent lent = switch (answer(buffer, received)) {
                    case Message.Lent(SandboxId id)
                    when descriptors.length == 2 -> new Lent(id, Fd.owned(descriptors[0]), Fd.owned(descriptors[1]));
                    case Message.Failed failed -> throw failed.problem();
                    default -> throw unexpected();
                };
                held = lent.id();
                Thread.ofPlatform().name("redoubt-daemon-watch").daemon().start(this::watch);
                return lent;
            } catch (LinuxException broken) {
                throw gone(broken);
            }
        }
    }

    /**
     * Destroys the sandbox and waits until nothing of it is left. A daemon that died meanwhile is waited for.
     *
     * @return how many processes the memory limit killed
     * @throws Problem NODE_UNAVAILABLE when no daemon came back; its next start cleans up
     */
    public long end(SandboxId id) {
        synchronized (asking) {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (true) {
                try {
                    long oomKills = endOnce(id);
                    held = null;
                    return oomKills;
                } catch (LinuxException broken) {
                    if (System.nanoTime() > deadline) {
                        throw gone(broken);
                    }
                    attach(id, deadline);
                }
            }
        }
    }

    /**
     * Ends a sandbox, stopped or not, whoever holds it: nothing in it runs any more.
     *
     * @throws Problem NOT_FOUND, or NODE_UNAVAILABLE when the daemon went away
     */
    public void kill(SandboxId id) {
        switch (asked(new Message.Kill(id))) {
            case Message.Ended _ -> {}
            case Message.Failed failed -> throw failed.problem();
            default -> throw unexpected();
        }
    }

    /**
     * What the broker has been asked by a sandbox.
     *
     * @throws Problem NOT_FOUND, or NODE_UNAVAILABLE when the daemon went away
     */
    public CallReport syscalls(SandboxId id) {
        return switch (asked(new Message.Syscalls(id))) {
            case Message.Told(CallReport calls) -> calls;
            case Message.Failed failed -> throw failed.problem();
            default -> throw unexpected();
        };
    }

    /**
     * What is in force for a sandbox, signed by the daemon's node.
     *
     * @throws Problem NOT_FOUND, UNPROCESSABLE without a key to sign with, NODE_UNAVAILABLE when the daemon went away
     */
    public SignedReport walls(SandboxId id) {
        synchronized (asking) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(Message.MOST_BYTES);
                socket.send(new Message.Walls(id).encode(arena));
                UnixSocket.Received received = socket.receive(buffer);
                int[] descriptors = received.descriptors();
                return switch (answer(buffer, received)) {
                    case Message.WallsRead() when descriptors.length == 1 -> signed(Fd.owned(descriptors[0]));
                    case Message.Failed failed -> throw failed.problem();
                    default -> throw unexpected();
                };
            } catch (LinuxException broken) {
                throw gone(broken);
            }
        }
    }

    private static SignedReport signed(Fd file) {
        try (file) {
            return SignedReport.parse(Files.readString(file.path()));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** The sandboxes of the daemon, the oldest first. */
    public List<Listed> sandboxes() {
        List<Listed> all = new ArrayList<>();
        List<Listed> some = sandboxes(Optional.empty());
        all.addAll(some);
        while (some.size() == Message.MOST_LISTED) {
            some = sandboxes(Optional.of(some.getLast().id()));
            all.addAll(some);
        }
        all.sort(Comparator.comparing(Listed::started));
        return List.copyOf(all);
    }

    private List<Listed> sandboxes(Optional<SandboxId> after) {
        return switch (asked(new Message.Sandboxes(after))) {
            case Message.Listing(List<Listed> sandboxes) -> sandboxes;
            case Message.Failed failed -> throw failed.problem();
            default -> throw unexpected();
        };
    }

    private Message asked(Message question) {
        synchronized (asking) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(Message.MOST_BYTES);
                socket.send(question.encode(arena));
                return answer(buffer, socket.receive(buffer));
            } catch (LinuxException broken) {
                throw gone(broken);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        synchronized (asking) {
            socket.close();
        }
    }

    private long endOnce(SandboxId id) {
        try (Arena arena = Arena.ofConfined()) {
            socket.send(new Message.End(id).encode(arena));
            MemorySegment buffer = arena.allocate(Message.MOST_BYTES);
            return switch (answer(buffer, socket.receive(buffer))) {
                case Message.Ended(long oomKills) -> oomKills;
                case Message.Failed failed -> throw failed.problem();
                default -> throw unexpected();
            };
        }
    }

    private void watch() {
        while (!closed) {
            synchronized (asking) {
                SandboxId id = held;
                if (closed || id == null) {
                    return;
                }
                if (Hangup.await(socket, Duration.ZERO) && isRefused(id)) {
                    return;
                }
            }
            pause();
        }
    }

    /** Whether a daemon came back and does not know the sandbox; {@link #end} says so when it is called. */
    private boolean isRefused(SandboxId id) {
        try {
            var _ = attached(id); // if not yet, it is tried again as long as the sandbox is held
            return false;
        } catch (Problem refused) {
            return true;
        }
    }

    private void attach(SandboxId id, long deadline) {
        while (!closed && System.nanoTime() < deadline && !attached(id)) {
            pause();
        }
    }

    /** @return whether a daemon is there, and takes us for the sandbox's holder */
    private boolean attached(SandboxId id) {
        try (Arena arena = Arena.ofConfined()) {
            UnixSocket next = UnixSocket.connect(path);
            socket.close();
            socket = next;
            socket.send(new Message.Attach(id).encode(arena));
            MemorySegment buffer = arena.allocate(Message.MOST_BYTES);
            return switch (answer(buffer, socket.receive(buffer))) {
                case Message.Attached() -> true;
                case Message.Failed failed -> throw failed.problem();
                default -> throw unexpected();
            };
        } catch (LinuxException notYet) {
            return false;
        }
    }

    private static Message answer(MemorySegment buffer, UnixSocket.Received received) {
        if (received.length() == 0) {
            throw new LinuxException("recvmsg", Errno.ECONNRESET, "node daemon");
        }
        return Message.decode(buffer.asSlice(0, received.length()));
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new Problem(ProblemCode.NODE_UNAVAILABLE, "interrupted while waiting for the node daemon", stop);
        }
    }

    private Problem gone(LinuxException why) {
        return new Problem(
                ProblemCode.NODE_UNAVAILABLE,
                "the node daemon at " + path + " went away; start it with ./redoubt node, it cleans up what it left",
                why);
    }

    private static Problem unexpected() {
        return new Problem(ProblemCode.INTERNAL, "the node daemon gave an answer that does not fit the question");
    }
}
