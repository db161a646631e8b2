package dev.redoubt.node.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.ThreadUser;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeOfTest;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is answered on the daemon's socket. */
class NodeServerTest {
    private static final int NOBODY = 65_534;

    @TempDir
    private Path temporary;

    /** The modes of the directory and of the socket keep others out; where both are gone, the kernel's word for the peer does. */
    @Test
    void onlyRootIsAnswered() throws IOException {
        try (Node node = Node.open(NodeOfTest.settings(temporary));
                NodeServer server = NodeServer.bind(node, _ -> {})) {
            Thread.ofPlatform().daemon().start(server::serve);
            Path run = node.runDirectory().path();
            Path socket = node.runDirectory().daemonSocket();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-------");
            assertThat(answer(socket, 0)).as("control: root").isPositive();
            assertThatThrownBy(() -> answer(socket, NOBODY))
                    .isInstanceOfSatisfying(
                            LinuxException.class,
                            refused -> assertThat(refused.errno()).isEqualTo(Errno.EACCES));

            open(temporary, "rwxrwxrwx");
            open(run, "rwxrwxrwx");
            assertThatThrownBy(() -> answer(socket, NOBODY))
                    .isInstanceOfSatisfying(
                            LinuxException.class,
                            refused -> assertThat(refused.errno())
                                    .as("the socket's own mode")
                                    .isEqualTo(Errno.EACCES));

            open(socket, "rw-rw-rw-");
            assertThat(answer(socket, NOBODY))
                    .as("bytes answered to somebody else")
                    .isZero();
            assertThat(answer(socket, 0)).as("control: root").isPositive();
            assertThatThrownBy(() -> NodeClient.connect(run))
                    .isInstanceOfSatisfying(
                            Problem.class,
                            problem -> assertThat(problem.detail()).contains("is open to other users", "chmod 0700"));
            open(run, "rwx------");
            Optional<NodeClient> client = NodeClient.connect(run);
            assertThat(client).isPresent();
            client.get().close();
        }
    }

    private static void open(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    /** @return the length of what a user is answered to the question what runs; 0 when the connection is closed instead */
    private static int answer(Path socket, int user) {
        Executor ofItsOwn = task -> Thread.ofPlatform().start(task);
        try {
            return CompletableFuture.supplyAsync(() -> ask(socket, user), ofItsOwn)
                    .join();
        } catch (CompletionException failed) {
            if (failed.getCause() instanceof LinuxException refused) {
                throw refused;
            }
            throw failed;
        }
    }

    private static int ask(Path socket, int user) {
        if (user == 0) {
            return ask(socket);
        }
        ThreadUser.detach();
        try (ThreadUser _ = ThreadUser.become(user, user, new int[0])) {
            return ask(socket);
        }
    }

    private static int ask(Path socket) {
        try (UnixSocket connection = UnixSocket.connect(socket);
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Message.MOST_BYTES);
            try {
                connection.send(new Message.Sandboxes(Optional.empty()).encode(arena));
                return connection.receive(buffer).length();
            } catch (LinuxException closed) {
                if (closed.errno() == Errno.EPIPE || closed.errno() == Errno.ECONNRESET) {
                    return 0;
                }
                throw closed;
            }
        }
    }

    /** Before anything of the first is touched: a second one that sweeps would take what the first has prepared. */
    @Test
    void aSecondDaemonIsRefused() {
        NodeSettings settings = NodeOfTest.settings(temporary).outliving();
        try (Node _ = Node.open(settings)) {
            assertConflict(() -> Node.open(settings));
        }
        Node.open(settings).close();

        try (Node first = Node.open(NodeOfTest.settings(temporary));
                NodeServer _ = NodeServer.bind(first, _ -> {});
                Node second = Node.open(NodeOfTest.settings(temporary))) {
            assertConflict(() -> NodeServer.bind(second, _ -> {}));
        }
    }

    private static void assertConflict(ThrowingCallable second) {
        assertThatThrownBy(second)
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.code()).isEqualTo(ProblemCode.CONFLICT));
    }
}
