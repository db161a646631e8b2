package dev.redoubt.node.guest;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.UnixListener;
import dev.redoubt.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A real guest in namespaces of its own, made by native/tests/guest_launcher.c, without the rest of the walls.
 *
 * <p>Keeps a duplicate of the channel as the spawner does, so that channel objects can come and go.
 */
final class GuestFixture implements AutoCloseable {
    static final String USER = "user";
    /** CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID. */
    static final long PACKAGES = 0xcb;

    final GuestLoop loop = GuestLoop.start();
    private final Path directory;
    private final Process launcher;
    private final Fd keeper;
    private GuestChannel channel;

    private GuestFixture(Path directory, Process launcher, Fd keeper) {
        this.directory = directory;
        this.launcher = launcher;
        this.keeper = keeper;
        this.channel = GuestChannel.open(loop, socket());
    }

    /** A guest that may switch users and gives sudo. */
    static GuestFixture start() {
        return start("switch", "--sudo", Long.toHexString(PACKAGES));
    }

    static GuestFixture start(String mode, String... arguments) {
        try {
            Path directory = Files.createTempDirectory("redoubt-guest-");
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.writeString(directory.resolve("passwd"), """
                    root:x:0:0:root:/root:/bin/sh
                    user:x:1000:1000:A user:/tmp:/bin/sh
                    other:x:1001:1001:Another:/nowhere:
                    taken:x:65533:65533:The guest's id:/:/bin/sh
                    """);
            Files.writeString(directory.resolve("group"), """
                    root:x:0:
                    user:x:1000:
                    extra:x:44:other,user
                    taken:x:65533:user
                    """);
            try (UnixListener listener = UnixListener.bind(directory.resolve("channel"))) {
                Process launcher = launch(directory, mode, arguments);
                return new GuestFixture(
                        directory, launcher, Fd.owned(listener.accept().socket().fd()));
            }
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    private static Process launch(Path directory, String mode, String... arguments) throws IOException {
        Path built = Path.of(System.getProperty("redoubt.native"));
        List<String> command = new ArrayList<>(List.of(
                built.resolve("test-launcher").toString(),
                directory.resolve("channel").toString(),
                mode,
                directory.toString(),
                built.resolve("redoubt-guest").toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).inheritIO().start();
    }

    private UnixSocket socket() {
        return UnixSocket.adopt(duplicate());
    }

    private int duplicate() {
        return keeper.duplicate().number(); // the socket closes it
    }

    /** The channel without its Java side. */
    UnixSocket raw() {
        return socket();
    }

    /** Copies a program of native/build into the sandbox. */
    void install(String program, String path) {
        try {
            byte[] bytes = Files.readAllBytes(Path.of(System.getProperty("redoubt.native"), program));
            var request = RunRequest.of(new Work.WriteFile(Bytes.of(path), 0755))
                    .withUser(USER)
                    .withInput();
            try (GuestJob job = channel.run(request, new CollectedOutput(0))) {
                job.write(ByteBuffer.wrap(bytes));
                job.closeInput();
                if (!(await(job.exit()) instanceof JobExit.Exited(int code, JobUsage usage)) || code != 0) {
                    throw new AssertionError(program + " was not copied");
                }
            }
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    GuestChannel channel() {
        return channel;
    }

    /** Forgets the channel as a node does that dies, and comes back as its successor. */
    GuestChannel successor() {
        channel.close();
        channel = await(GuestChannel.reattach(loop, socket()));
        return channel;
    }

    /** Forgets the channel, and comes back on the thread that reads those of another guest. */
    GuestChannel successorIn(GuestFixture other) {
        channel.close();
        channel = await(GuestChannel.reattach(other.loop, socket()));
        return channel;
    }

    /** Only closes: nobody listens until {@link #successor}. */
    void nodeDies() {
        channel.close();
    }

    /** The guest's pid outside; its launcher connects before it makes it. */
    long guestPid() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        Optional<ProcessHandle> guest = launcher.children().findFirst();
        while (guest.isEmpty() && launcher.isAlive() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            guest = launcher.children().findFirst();
        }
        return guest.orElseThrow().pid();
    }

    long residentKilobytes() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + guestPid() + "/status"))) {
            String line =
                    lines.filter(text -> text.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("\\D+", ""));
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    /** What became of a job, and all it printed. */
    record Ended(JobExit exit, CollectedOutput output) {
        String text() {
            return output.text();
        }

        int code() {
            return switch (exit) {
                case JobExit.Exited(int code, JobUsage usage) -> code;
                default -> throw new AssertionError("it did not exit: " + exit);
            };
        }
    }

    static RunRequest sh(String script) {
        return RunRequest.exec("/bin/sh", "-c", script).withUser(USER);
    }

    Ended run(String script) {
        return run(sh(script));
    }

    Ended run(RunRequest request) {
        CollectedOutput output = new CollectedOutput(1 << 20);
        try (GuestJob job = channel.run(request, output)) {
            return new Ended(await(job.exit()), output);
        }
    }

    static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(failed);
        } catch (TimeoutException | InterruptedException late) {
            throw new AssertionError(late);
        }
    }

    @Override
    public void close() {
        channel.close();
        loop.close();
        keeper.close();
        launcher.destroyForcibly(); // and with it, PID 1 and everything else inside (PDEATHSIG)
        try {
            launcher.waitFor();
            for (String name : List.of("passwd", "group", "channel", "")) {
                Files.deleteIfExists(directory.resolve(name));
            }
        } catch (InterruptedException | IOException failed) {
            throw new AssertionError(failed);
        }
    }
}
