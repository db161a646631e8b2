package dev.redoubt.node;

import dev.redoubt.linux.Descriptors;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.Hangup;
import dev.redoubt.linux.InetSocket;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.guest.GuestChannel;
import dev.redoubt.node.guest.GuestLoop;
import dev.redoubt.node.network.SocketsInside;
import dev.redoubt.node.seccomp.CallLog;
import dev.redoubt.node.walls.report.WatchedWalls;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** One running sandbox. {@link #close} destroys it: when it returns, the kernel has let go of all of it. */
public final class Sandbox implements AutoCloseable {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(1);
    private static final int PENDING_CONNECTS = 16;

    private final SandboxId id;
    private final Remembered remembered;
    private final Handles handles;
    private final SandboxCgroup cgroup;
    private final CallLog syscalls;
    private final WatchedWalls walls;
    private final GuestLoop loop;
    private final SocketsInside sockets;
    private final Undo end;
    private final Semaphore pendingConnects = new Semaphore(PENDING_CONNECTS);
    private @Nullable GuestChannel guest;
    private final boolean adopted;
    private boolean closed;

    Sandbox(
            SandboxId id,
            Remembered remembered,
            Handles handles,
            SandboxCgroup cgroup,
            CallLog syscalls,
            WatchedWalls walls,
            GuestLoop loop,
            SocketsInside sockets,
            Undo end,
            boolean adopted) {
        this.id = id;
        this.remembered = remembered;
        this.handles = handles;
        this.cgroup = cgroup;
        this.syscalls = syscalls;
        this.walls = walls;
        this.loop = loop;
        this.sockets = sockets;
        this.end = end;
        this.adopted = adopted;
    }

    /** The descriptors a sandbox lives by; the spawner keeps a duplicate of each. */
    record Handles(Fd channel, Fd pidfd, Fd networkNamespace) implements AutoCloseable {
        /** Takes ownership of descriptors that were just received. */
        static Handles owned(int channel, int pidfd, int networkNamespace) {
            return new Handles(Fd.owned(channel), Fd.owned(pidfd), Fd.owned(networkNamespace));
        }

        @Override
        public void close() {
            channel.close();
            pidfd.close();
            networkNamespace.close();
        }
    }

    public SandboxId id() {
        return id;
    }

    public NetworkMode network() {
        return remembered.network();
    }

    /** The conversation with the guest; begun at the first call. Not to be used on a sandbox whose channel is lent. */
    public synchronized GuestChannel guest() {
        if (guest == null) {
            UnixSocket socket = UnixSocket.adopt(handles.channel().duplicate().handOver());
            guest = adopted ? GuestChannel.reattach(loop, socket).join() : GuestChannel.open(loop, socket);
        }
        return guest;
    }

    /** The guest's channel, to be lent to a local caller who then speaks to the guest instead of us. */
    public Fd channel() {
        return handles.channel();
    }

    /** The guest as a process; readable when the sandbox has ended. */
    public Fd pidfd() {
        return handles.pidfd();
    }

    public SandboxCgroup cgroup() {
        return cgroup;
    }

    public Instant started() {
        return remembered.started();
    }

    /** What its maker noted on it. */
    public Labels labels() {
        return remembered.labels();
    }

    /** What the broker was asked and how it answered; of an adopted sandbox only since this node has it. */
    public CallLog syscalls() {
        return syscalls;
    }

    /** What the kernel says is in force, beside what was asked; of an adopted sandbox, by the one that launched it. */
    public WatchedWalls walls() {
        return walls;
    }

    /** Waits for the sandbox to end by itself. */
    public boolean awaitEnd(Duration limit) {
        return Hangup.await(handles.pidfd(), limit);
    }

    /**
     * Connects to a port inside.
     *
     * @return a connected, non-blocking, close-on-exec TCP socket, the caller's to close
     * @throws Problem FORBIDDEN with mode none, UNAVAILABLE when nobody listens, the backlog is full for a second, or too
     *     many callers already wait
     */
    public int connect(int port) {
        if (port < 1 || port > 65_535) {
            throw new Problem(ProblemCode.VALIDATION_ERROR, "port " + port + " is not one of 1 to 65535");
        }
        if (network() == NetworkMode.NONE) {
            throw new Problem(
                    ProblemCode.FORBIDDEN, "networkNone: the sandbox is sealed; start it with --network localhost");
        }
        if (!pendingConnects.tryAcquire()) {
            throw new Problem(ProblemCode.UNAVAILABLE, PENDING_CONNECTS + " connections to " + id + " already wait");
        }
        try {
            return connected(port);
        } catch (LinuxException refused) {
            throw new Problem(
                    ProblemCode.UNAVAILABLE, "port " + port + " of " + id + ": " + refused.getMessage(), refused);
        } finally {
            pendingConnects.release();
        }
    }

    private int connected(int port) {
        int socket = sockets.open(handles.networkNamespace().number());
        try {
            if (!InetSocket.connectLoopback(socket, port)) {
                InetSocket.awaitConnected(socket, port, CONNECT_LIMIT);
            }
            return socket;
        } catch (LinuxException refused) {
            Descriptors.close(socket);
            throw refused;
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        walls.end();
        if (guest != null) {
            guest.close();
        }
        end.run();
    }
}
