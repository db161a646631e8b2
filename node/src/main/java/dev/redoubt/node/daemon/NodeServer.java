package dev.redoubt.node.daemon;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.UnixListener;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.flat.FlatReader;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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

    private final Node node;
    private final UnixListener listener;
    private final Map<SandboxId, Sandbox> unclaimed = new ConcurrentHashMap<>();
    private final Semaphore connections = new Semaphore(MOST_CONNECTIONS);
    private final ScheduledFuture<?> expiry;
    private final ScheduledExecutorService leases = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("redoubt-leases").daemon().factory());

    private NodeServer(Node node, UnixListener listener) {
        this.node = node;
        this.listener = listener;
        node.adopted().forEach(sandbox -> unclaimed.put(sandbox.id(), sandbox));
        this.expiry = leases.schedule(this::endUnclaimed, LEASE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Binds the socket; a dead daemon's is replaced.
     *
     * @throws Problem CONFLICT when a daemon answers there
     */
    public static NodeServer bind(Node node, Path socket) {
        try {
            UnixSocket.connect(socket).close();
            throw new Problem(ProblemCode.CONFLICT, "a node daemon already runs at " + socket);
        } catch (LinuxException nobody) {
            if (nobody.errno() == Errno.ECONNREFUSED) {
                LinuxFiles.removeFile(socket.toString());
            } else if (nobody.errno() != Errno.ENOENT) {
                throw nobody;
            }
        }
        return new NodeServer(node, UnixListener.bind(socket));
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
        expiry.cancel(false);
        leases.shutdown();
        LinuxFiles.removeFile(listener.path().toString());
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private void endUnclaimed() {
        unclaimed.keySet().forEach(id -> {
            Sandbox sandbox = unclaimed.remove(id);
            if (sandbox != null) {
                sandbox.close();
            }
        });
    }

    private void serve(UnixSocket socket) {
        Map<SandboxId, Sandbox> held = new HashMap<>();
        try (socket;
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Message.MOST_BYTES);
            while (true) {
                UnixSocket.Received received = socket.receive(buffer);
                received.closeDescriptors(); // nobody sends us any
                if (received.length() == 0) {
                    return;
                }
                answer(socket, buffer.asSlice(0, received.length()), held);
            }
        } catch (LinuxException gone) {
            return; // the client is: what it held goes with it
        } finally {
            connections.release();
            held.values().forEach(Sandbox::close);
        }
    }

    private void answer(UnixSocket socket, MemorySegment request, Map<SandboxId, Sandbox> held) {
        try {
            switch (Message.decode(request)) {
                case Message.Create(SandboxSpec spec) -> {
                    Sandbox sandbox = node.create(spec);
                    held.put(sandbox.id(), sandbox);
                    send(
                            socket,
                            new Message.Lent(sandbox.id()),
                            sandbox.channel().number(),
                            sandbox.pidfd().number());
                }
                case Message.Attach(SandboxId id) -> {
                    held.put(id, claimed(id));
                    send(socket, new Message.Attached());
                }
                case Message.End(SandboxId id) -> send(socket, new Message.Ended(end(held.remove(id), id)));
                case Message.Syscalls(SandboxId id) ->
                    send(socket, new Message.Told(running(id).syscalls().report()));
                case Message.Sandboxes() -> send(socket, new Message.Listing(listing()));
                default -> throw new Problem(ProblemCode.VALIDATION_ERROR, "an answer is no request");
            }
        } catch (Problem refused) {
            send(socket, new Message.Failed(refused.code(), refused.detail()));
        } catch (FlatReader.Malformed | IllegalArgumentException malformed) {
            send(socket, new Message.Failed(ProblemCode.VALIDATION_ERROR, String.valueOf(malformed.getMessage())));
        }
    }

    private Sandbox running(SandboxId id) {
        return node.sandboxes().stream()
                .filter(sandbox -> sandbox.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new Problem(ProblemCode.NOT_FOUND, "no sandbox " + id + " runs here"));
    }

    private List<Listed> listing() {
        return node.sandboxes().stream()
                .map(sandbox -> new Listed(
                        sandbox.id(),
                        sandbox.network(),
                        sandbox.started(),
                        sandbox.syscalls().refusals()))
                .sorted(Comparator.comparing(Listed::started))
                .limit(Message.MOST_LISTED)
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
        long oomKills = sandbox.cgroup().oomKills();
        sandbox.close();
        return oomKills;
    }

    private static Problem unknown(SandboxId id) {
        return new Problem(ProblemCode.NOT_FOUND, "no sandbox " + id + " is held by this connection");
    }

    private static void send(UnixSocket socket, Message message, int... descriptors) {
        try (Arena arena = Arena.ofConfined()) {
            socket.send(message.encode(arena), descriptors);
        }
    }
}
