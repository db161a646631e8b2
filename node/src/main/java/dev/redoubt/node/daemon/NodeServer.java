package dev.redoubt.node.daemon;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.MemoryFile;
import dev.redoubt.linux.UnixListener;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.Node;
import dev.redoubt.node.Problems;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.data.RunDirectory;
import dev.redoubt.node.disk.DiskException;
import dev.redoubt.node.flat.FlatReader;
import dev.redoubt.node.image.ImageException;
import dev.redoubt.node.launch.LaunchException;
import dev.redoubt.node.walls.report.NodeKey;
import dev.redoubt.node.walls.report.SignedReport;
import dev.redoubt.node.walls.report.WallsEvent;
import dev.redoubt.node.walls.report.WallsReader;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's side of {@code node.sock}: one platform thread per connection, each of which owns what it asked for. When
 * a connection ends, whatever it still holds is destroyed; sandboxes of an earlier daemon are held for whoever asked for
 * them and destroyed when nobody comes.
 */
public final class NodeServer implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 1024;
    /** How long a survivor waits for its client: the client looks every 50 ms. */
    private static final Duration LEASE = Duration.ofSeconds(10);

    private static final Comparator<SandboxId> BY_ID = Comparator.comparing(SandboxId::value);

    private final Node node;
    private final UnixListener listener;
    private final Map<SandboxId, Sandbox> unclaimed = new ConcurrentHashMap<>();
    private final Semaphore connections = new Semaphore(MOST_CONNECTIONS);
    private final Consumer<String> report;
    private final ScheduledThreadPoolExecutor leases = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("redoubt-leases").daemon().factory());

    private NodeServer(Node node, UnixListener listener, Consumer<String> report) {
        this.node = node;
        this.listener = listener;
        this.report = report;
        leases.setExecuteExistingDelayedTasksAfterShutdownPolicy(false); // they run on for the next daemon
        node.adopted().forEach(this::lease);
        node.onDrift((id, event) -> report.accept(said(id, event)));
    }

    /**
     * Binds the daemon's socket in the run directory; a dead daemon's is replaced.
     *
     * @param report told, in a line for people, what nobody else is there to hear; from any thread
     * @throws Problem CONFLICT when a daemon answers there
     */
    public static NodeServer bind(Node node, Consumer<String> report) {
        RunDirectory run = node.runDirectory();
        UnixListener listener = run.listen()
                .orElseThrow(() -> new Problem(
                        ProblemCode.CONFLICT,
                        "a node daemon of another data directory runs at " + run.daemonSocket()
                                + ": end it first, or set REDOUBT_RUN_DIR to another place"));
        return new NodeServer(node, listener, report);
    }

    /** Serves until {@link #close}. */
    public void serve() {
        while (true) {
            try {
                UnixListener.Accepted accepted = listener.accept();
                // The socket's mode keeps others out; the kernel's word for the peer is asked all the same.
                if (accepted.uid() != 0 || !connections.tryAcquire()) {
                    accepted.socket().close();
                    continue;
                }
                Thread.ofPlatform()
                        .name("redoubt-client-" + accepted.pid())
                        .daemon()
                        .start(() -> serve(accepted.socket()));
            } catch (LinuxException refused) {
                if (refused.errno() == Errno.EINVAL) {
                    return; // shut down
                }
                if (refused.errno() != Errno.EMFILE && refused.errno() != Errno.ENFILE) {
                    throw refused;
                }
                pause();
            }
        }
    }

    /** Stops to serve. Sandboxes run on for the next daemon. */
    @Override
    public void close() {
        listener.shutdown();
        leases.shutdown();
        LinuxFiles.removeFile(listener.path().toString());
    }

    private static String said(SandboxId id, WallsEvent event) {
        return "the walls of sandbox " + id + ": " + event.kind()
                + (event.words().isEmpty() ? "" : ": " + String.join("; ", event.words()));
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** Each orphan has a lease of its own, so that what goes wrong with one keeps none of the others. */
    private void lease(Sandbox orphan) {
        unclaimed.put(orphan.id(), orphan);
        var _ = leases.schedule(() -> endUnclaimed(orphan.id()), LEASE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void endUnclaimed(SandboxId id) {
        Sandbox sandbox = unclaimed.remove(id);
        if (sandbox != null) {
            endUnheard(sandbox);
        }
    }

    /** Ends a sandbox whose client is not there to be told that it failed. */
    private void endUnheard(Sandbox sandbox) {
        try {
            sandbox.close();
        } catch (RuntimeException failed) { // the edge of one sandbox: the next one must still be ended
            report.accept("sandbox " + sandbox.id() + " could not be ended: " + failed.getMessage()
                    + "; the next start of the node removes what is left");
        }
    }

    private void serve(UnixSocket socket) {
        Map<SandboxId, Sandbox> held = new HashMap<>();
        try (socket;
                Arena arena = Arena.ofConfined()) {
            converse(socket, arena.allocate(Message.MOST_BYTES), held);
        } catch (LinuxException broken) {
            if (!isGone(broken)) {
                report.accept("a client's connection broke: " + broken.getMessage());
            }
        } finally {
            connections.release();
            held.values().forEach(this::endUnheard); // the client is gone: what it held goes with it
        }
    }

    /** Answers until the client is gone. A connection that fails for another reason ends with that reason. */
    private void converse(UnixSocket socket, MemorySegment buffer, Map<SandboxId, Sandbox> held) {
        try {
            while (true) {
                UnixSocket.Received received = socket.receive(buffer);
                received.closeDescriptors(); // nobody sends us any
                if (received.length() == 0) {
                    return;
                }
                answer(buffer.asSlice(0, received.length()), held).send(socket);
            }
        } catch (LinuxException broken) {
            if (isGone(broken)) {
                return;
            }
            Answer.refusing(Problems.of(broken)).send(socket);
        }
    }

    private static boolean isGone(LinuxException why) {
        return why.errno() == Errno.EPIPE || why.errno() == Errno.ECONNRESET;
    }

    /** What goes back: a message and the descriptors that come along, which stay ours, but for that of a report. */
    private record Answer(Message message, List<Fd> descriptors) {
        Answer(Message message) {
            this(message, List.of());
        }

        static Answer refusing(Problem why) {
            return new Answer(new Message.Failed(why.code(), why.detail()));
        }

        void send(UnixSocket socket) {
            try (Arena arena = Arena.ofConfined()) {
                socket.send(
                        message.encode(arena),
                        descriptors.stream().mapToInt(Fd::number).toArray());
            } finally {
                if (message instanceof Message.WallsRead) {
                    descriptors.forEach(Fd::close);
                }
            }
        }
    }

    private Answer answer(MemorySegment request, Map<SandboxId, Sandbox> held) {
        try {
            return switch (Message.decode(request)) {
                case Message.Create(SandboxSpec spec) -> {
                    Sandbox sandbox = node.create(spec);
                    held.put(sandbox.id(), sandbox);
                    yield new Answer(new Message.Lent(sandbox.id()), List.of(sandbox.channel(), sandbox.pidfd()));
                }
                case Message.Attach(SandboxId id) -> {
                    held.put(id, claimed(id));
                    yield new Answer(new Message.Attached());
                }
                case Message.End(SandboxId id) -> new Answer(new Message.Ended(end(held.remove(id), id)));
                case Message.Kill(SandboxId id) -> new Answer(new Message.Ended(kill(running(id))));
                case Message.Syscalls(SandboxId id) ->
                    new Answer(new Message.Told(running(id).syscalls().report()));
                case Message.Walls(SandboxId id) -> walls(running(id));
                case Message.Sandboxes(Optional<SandboxId> after) -> new Answer(new Message.Listing(listing(after)));
                default -> throw new Problem(ProblemCode.VALIDATION_ERROR, "an answer is no request");
            };
        } catch (Problem refused) {
            return Answer.refusing(refused);
        } catch (FlatReader.Malformed | IllegalArgumentException malformed) {
            return Answer.refusing(new Problem(ProblemCode.VALIDATION_ERROR, String.valueOf(malformed.getMessage())));
        } catch (WallsReader.GoneException ended) {
            return Answer.refusing(new Problem(ProblemCode.NOT_FOUND, String.valueOf(ended.getMessage())));
        } catch (NodeKey.KeyException unusable) {
            return Answer.refusing(new Problem(ProblemCode.UNPROCESSABLE, String.valueOf(unusable.getMessage())));
        } catch (UncheckedIOException unreadable) {
            return Answer.refusing(new Problem(ProblemCode.INTERNAL, String.valueOf(unreadable.getMessage())));
        } catch (CgroupException | DiskException | ImageException | LaunchException | LinuxException failed) {
            return Answer.refusing(Problems.of(failed));
        }
    }

    private Answer walls(Sandbox sandbox) {
        SignedReport report = SignedReport.of(sandbox.walls().read(), node.key());
        byte[] bytes = report.text().getBytes(StandardCharsets.UTF_8);
        return new Answer(new Message.WallsRead(), List.of(MemoryFile.readable("redoubt-walls", bytes)));
    }

    private Sandbox running(SandboxId id) {
        return node.sandboxes().stream()
                .filter(sandbox -> sandbox.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new Problem(ProblemCode.NOT_FOUND, "no sandbox " + id + " runs here"));
    }

    private List<Listed> listing(Optional<SandboxId> after) {
        return node.sandboxes().stream()
                .filter(sandbox -> after.isEmpty() || BY_ID.compare(sandbox.id(), after.get()) > 0)
                .sorted(Comparator.comparing(Sandbox::id, BY_ID))
                .limit(Message.MOST_LISTED)
                .map(sandbox -> new Listed(
                        sandbox.id(),
                        sandbox.network(),
                        sandbox.started(),
                        sandbox.syscalls().refusals(),
                        sandbox.labels(),
                        sandbox.walls().latest()))
                .toList();
    }

    private Sandbox claimed(SandboxId id) {
        Sandbox sandbox = unclaimed.remove(id);
        if (sandbox == null) {
            throw unknown(id);
        }
        return sandbox;
    }

    private static long end(@Nullable Sandbox sandbox, SandboxId id) {
        if (sandbox == null) {
            throw unknown(id);
        }
        try (sandbox) { // it is in nobody's hands any more: whatever the count says, it ends here
            return sandbox.cgroup().oomKills();
        }
    }

    /** Its holder, or the node itself where nobody holds it, takes away what is left. */
    private static long kill(Sandbox sandbox) {
        long oomKills = sandbox.cgroup().oomKills();
        sandbox.cgroup().kill();
        return oomKills;
    }

    private static Problem unknown(SandboxId id) {
        return new Problem(ProblemCode.NOT_FOUND, "no sandbox " + id + " is held by this connection");
    }
}
