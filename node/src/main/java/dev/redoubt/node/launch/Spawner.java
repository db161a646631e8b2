package dev.redoubt.node.launch;

import dev.redoubt.linux.Descriptors;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.flat.FlatWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The node's side of the conversation with the spawner (native/PROTOCOL.md, section 2).
 *
 * <p>Any thread may ask; one platform thread reads the answers. Every descriptor an answer brings belongs to the caller.
 */
public final class Spawner implements AutoCloseable {
    private static final int MAGIC = 0x31424452;
    private static final int VERSION = 1;
    private static final int REPLY = 0x8000;
    private static final int HEADER = 16;
    private static final int REPLY_HEADER = HEADER + 8;
    private static final int MESSAGE_MAX = 256 * 1024;
    private static final int LIST_ENTRY = 24;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final UnixSocket socket;
    private final Object sending = new Object();
    private final Map<Question, CompletableFuture<Answer>> waiting = new ConcurrentHashMap<>();
    private final AtomicLong lists = new AtomicLong();
    private final Thread reader;
    private volatile boolean gone;

    @SuppressWarnings("UnusedVariable") // held, so that its pipes are not closed by the collector
    private @Nullable Process starter;

    private Spawner(UnixSocket socket) {
        this.socket = socket;
        this.reader = Thread.ofPlatform().name("redoubt-spawner").daemon().start(this::read);
    }

    private enum Verb {
        NONE,
        PREPARE,
        LIST,
        FETCH,
        FORGET
    }

    private record Question(Verb verb, long sandbox) {}

    private record Answer(int errno, int step, byte[] payload, List<Integer> descriptors) {
        int u32(int at) {
            return (int) java.lang.invoke.MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN)
                    .get(payload, at);
        }

        long u64(int at) {
            return (long) java.lang.invoke.MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
                    .get(payload, at);
        }
    }

    /**
     * A prepared slot, its descriptors the caller's to close.
     *
     * @param channel to the guest that it will become
     * @param launcher what makes it one
     */
    public record Slot(int networkNamespace, int channel, int pidfd, Launcher launcher) {}

    /** What the spawner kept for a sandbox of an earlier node. */
    public record Kept(State state, int channel, int pidfd, int networkNamespace, int listener) {}

    /** One line of {@link #list}: {@code waitStatus} as of waitpid(2), once {@code state} is DEAD. */
    public record Listed(long sandbox, State state, int waitStatus, int pid, int idBase) {}

    /** The spawner's word for where a sandbox is in its life. */
    public enum State {
        PREPARING,
        SLOT,
        RUNNING,
        DEAD
    }

    /**
     * Starts a spawner of our own and connects to it.
     *
     * @param program the spawner's binary; {@code guest} the guest's
     * @param lock a file whose lock the spawner holds as long as it lives
     * @param dieWithNode whether every sandbox ends with this process (a library) or outlives it (a daemon)
     * @throws IOException when it cannot be started; its own words are in the message
     */
    public static Spawner start(Path program, Path guest, Path socket, Path lock, boolean dieWithNode)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "--socket",
                socket.toString(),
                "--lock",
                lock.toString(),
                "--guest",
                guest.toString()));
        if (dieWithNode) {
            command.add("--die-with-node");
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        byte[] word = process.getInputStream().readNBytes(6);
        if (!new String(word, java.nio.charset.StandardCharsets.US_ASCII).equals("ready\n")) {
            String said = new String(word, java.nio.charset.StandardCharsets.UTF_8)
                    + new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            throw new IOException("the spawner did not start: " + said.strip());
        }
        Spawner spawner = connect(socket);
        spawner.starter = process; // its standard input stays open as long as we live: that is how it knows
        return spawner;
    }

    /**
     * Connects to a running spawner.
     *
     * @throws LinuxException ENOENT, ECONNREFUSED when none listens there
     */
    public static Spawner connect(Path socket) {
        UnixSocket connected = UnixSocket.connect(socket);
        connected.sendBuffer(MESSAGE_MAX);
        return new Spawner(connected);
    }

    /**
     * Prepares a slot: namespaces, cgroups, id map, everything that does not depend on what will run. It waits for its
     * {@link Launcher}.
     *
     * @param plan of the mounts; what is launched in the slot begins its synthesised files with the plan's
     * @param cgroups v1: open cgroup.procs descriptors; v2: the cgroup's directory. They stay the caller's.
     * @throws LaunchException naming the step that failed
     */
    public Slot prepare(long sandbox, int idBase, boolean cgroup2, int extraFlags, SlotPlan plan, int[] cgroups) {
        try (Arena arena = Arena.ofConfined()) {
            FlatWriter message =
                    request(arena, Verb.PREPARE, sandbox).u32(idBase).u32((cgroup2 ? 1 : 0) | extraFlags);
            plan.write(message);
            Answer answer = ask(Verb.PREPARE, sandbox, message, cgroups);
            List<Integer> got = answer.descriptors();
            return new Slot(got.get(0), got.get(1), got.get(2), new Launcher(this, got.get(3)));
        }
    }

    /**
     * Does nothing while the spawner lives. When it is dead whoever comes next sweeps what was its, so what is asked of a slot
     * then fails in ways that name something else.
     *
     * @throws LaunchException SPAWNER_GONE
     */
    public void checkAlive() {
        if (gone) {
            throw new LaunchException(Step.SPAWNER_GONE, Errno.ECONNRESET);
        }
    }

    /** Everything the spawner knows, slots and dead ones included. */
    public List<Listed> list() {
        try (Arena arena = Arena.ofConfined()) {
            long number = lists.incrementAndGet(); // echoed: any number of threads may ask at once
            Answer answer = ask(Verb.LIST, number, request(arena, Verb.LIST, number));
            List<Listed> all = new ArrayList<>();
            for (int at = 0; at + LIST_ENTRY <= answer.payload().length; at += LIST_ENTRY) {
                all.add(new Listed(
                        answer.u64(at),
                        State.values()[answer.u32(at + 8)],
                        answer.u32(at + 12),
                        answer.u32(at + 16),
                        answer.u32(at + 20)));
            }
            return List.copyOf(all);
        }
    }

    /**
     * The descriptors that the spawner kept for a sandbox.
     *
     * @throws LaunchException ENOENT when there is none of that number, EBUSY while it is being built
     */
    public Kept fetch(long sandbox) {
        try (Arena arena = Arena.ofConfined()) {
            Answer answer = ask(Verb.FETCH, sandbox, request(arena, Verb.FETCH, sandbox));
            List<Integer> got = answer.descriptors();
            return new Kept(
                    State.values()[answer.u32(0)],
                    got.get(0),
                    got.get(1),
                    got.get(2),
                    got.size() > 3 ? got.get(3) : -1);
        }
    }

    /**
     * Kills a sandbox and everything in it, waits until the kernel has let go of all of it, and forgets it.
     *
     * @return its wait status (waitpid(2)); empty when the spawner does not know it, or is gone: then the kernel ends what it
     *     ran, and may not be done with it yet
     */
    public java.util.OptionalInt forget(long sandbox) {
        try (Arena arena = Arena.ofConfined()) {
            Answer answer = ask(Verb.FORGET, sandbox, request(arena, Verb.FORGET, sandbox));
            return java.util.OptionalInt.of(answer.u32(0));
        } catch (LaunchException unknown) {
            if (unknown.errno() == Errno.ENOENT || unknown.step() == Step.SPAWNER_GONE) {
                return java.util.OptionalInt.empty();
            }
            throw unknown;
        }
    }

    @Override
    public void close() {
        gone = true;
        socket.shutdown();
        try {
            reader.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        socket.close();
    }

    private static FlatWriter request(Arena arena, Verb verb, long sandbox) {
        return new FlatWriter(arena).u32(MAGIC).u16(VERSION).u16(verb.ordinal()).u64(sandbox);
    }

    private Answer ask(Verb verb, long sandbox, FlatWriter message, int... descriptors) {
        Question question = new Question(verb, sandbox);
        CompletableFuture<Answer> future = new CompletableFuture<>();
        synchronized (sending) {
            if (gone) {
                throw new LaunchException(Step.SPAWNER_GONE, Errno.ECONNRESET);
            }
            if (waiting.putIfAbsent(question, future) != null) {
                throw new IllegalStateException(verb + " of " + sandbox + " is already under way");
            }
            try {
                socket.send(message.message(), descriptors);
            } catch (LinuxException refused) {
                waiting.remove(question);
                throw new LaunchException(Step.SPAWNER_GONE, refused.errno());
            }
        }
        Answer answer = join(future);
        if (answer.errno() != 0) {
            answer.descriptors().forEach(Descriptors::close);
            throw new LaunchException(Step.of(answer.step()), answer.errno());
        }
        return answer;
    }

    private static Answer join(CompletableFuture<Answer> future) {
        try {
            return future.join();
        } catch (CompletionException failed) {
            if (failed.getCause() instanceof LaunchException why) {
                throw why;
            }
            throw failed;
        }
    }

    private void read() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(MESSAGE_MAX);
            while (true) {
                UnixSocket.Received message = socket.receive(buffer);
                if (message.length() < REPLY_HEADER) {
                    message.closeDescriptors();
                    break;
                }
                deliver(buffer.asSlice(0, message.length()), message);
            }
        } catch (LinuxException broken) {
            gone = true;
        }
        endAll();
    }

    private void endAll() {
        synchronized (sending) {
            gone = true;
        }
        LaunchException ended = new LaunchException(Step.SPAWNER_GONE, Errno.ECONNRESET);
        waiting.forEach((question, future) -> future.completeExceptionally(ended));
        waiting.clear();
    }

    private void deliver(MemorySegment bytes, UnixSocket.Received message) {
        int verb = Short.toUnsignedInt(bytes.get(SHORT, 6)) & ~REPLY;
        List<Integer> descriptors = new ArrayList<>();
        for (int descriptor : message.descriptors()) {
            descriptors.add(descriptor);
        }
        Answer answer = new Answer(
                bytes.get(INT, 16),
                bytes.get(INT, 20),
                bytes.asSlice(REPLY_HEADER).toArray(ValueLayout.JAVA_BYTE),
                List.copyOf(descriptors));
        CompletableFuture<Answer> future = verb < Verb.values().length
                ? waiting.remove(new Question(Verb.values()[verb], bytes.get(LONG, 8)))
                : null;
        if (future == null) {
            message.closeDescriptors();
        } else {
            future.complete(answer);
        }
    }
}
