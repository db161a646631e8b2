package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Descriptors;
import dev.redoubt.linux.Fd;
import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Layer E: what reaches a sandbox, and what it reaches. */
@Tag("vm")
class NetworkTest {
    private static final int PORT = 8080;
    private static Place place;
    private static Node node;

    @BeforeAll
    static void open() throws IOException {
        place = Place.make();
        node = place.open(place.settings());
    }

    @AfterAll
    static void close() throws IOException {
        node.close();
        assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        place.close();
    }

    private static SandboxSpec spec(NetworkMode mode) {
        return new SandboxSpec("busybox", Profile.DEFAULT, Limits.DEFAULT, mode, false, "sandbox", List.of(), 0);
    }

    private static RunRequest server() {
        return RunRequest.exec("nc", "-ll", "-p", Integer.toString(PORT), "-e", "echo", "from inside")
                .withUser("1000");
    }

    @Test
    void aServedPortIsReachedByDescriptor() throws Exception {
        try (Sandbox sandbox = node.create(spec(NetworkMode.LOCALHOST));
                GuestJob server = sandbox.guest().run(server(), Jobs.into(new StringBuilder()))) {
            assertThat(server.started().get()).isPositive();
            Fd connected = Fd.owned(connectSoon(sandbox));
            try (connected) {
                String flags = Files.readString(Path.of("/proc/self/fdinfo/" + connected.number()));
                assertThat(flags).as("O_NONBLOCK and O_CLOEXEC").containsPattern("flags:\\s+02004002");
                assertThat(read(connected)).isEqualTo("from inside\n");
            }
        }
    }

    @Test
    void aSealedSandboxIsNot() throws Exception {
        try (Sandbox sandbox = node.create(spec(NetworkMode.NONE));
                GuestJob server = sandbox.guest().run(server(), Jobs.into(new StringBuilder()))) {
            assertThat(server.started().get()).isPositive();
            assertThatThrownBy(() -> sandbox.connect(PORT)).isInstanceOfSatisfying(Problem.class, problem -> {
                assertThat(problem.code()).isEqualTo(ProblemCode.FORBIDDEN);
                assertThat(problem.detail()).contains("networkNone");
            });
            // control: the server is there, and only the wall is in the way
            Place.until(
                    "the server answers inside",
                    10,
                    () -> Jobs.run(sandbox, "1000", "sh", "-c", "nc 127.0.0.1 " + PORT + " < /dev/null")
                            .text()
                            .equals("from inside\n"));
        }
    }

    @Test
    void nobodyListeningIsSaidAtOnce() {
        try (Sandbox sandbox = node.create(spec(NetworkMode.LOCALHOST))) {
            assertThatThrownBy(() -> sandbox.connect(PORT))
                    .isInstanceOfSatisfying(
                            Problem.class, problem -> assertThat(problem.code()).isEqualTo(ProblemCode.UNAVAILABLE));
        }
    }

    @Test
    void lowPortsAreFreeInsideAndNothingLeadsOut() throws Exception {
        try (Sandbox sandbox = node.create(spec(NetworkMode.LOCALHOST))) {
            Jobs.Result low = Jobs.run(
                    sandbox,
                    "1000",
                    "sh",
                    "-c",
                    "nc -l -p 80 -e true & sleep 0.2; echo | nc 127.0.0.1 80 && echo bound");
            assertThat(low.text()).isEqualTo("bound\n");
            Jobs.Result out = Jobs.run(
                    sandbox,
                    "0",
                    "sh",
                    "-c",
                    "ip route; ip link add x type dummy; ip addr add 10.0.0.1/8 dev lo; nc -w 1 240.0.0.1 80");
            assertThat(out.text()).contains("Operation not permitted").contains("unreachable");
        }
    }

    private static int connectSoon(Sandbox sandbox) throws Exception {
        int[] descriptor = new int[1];
        Place.until("the server listens", 10, () -> {
            try {
                descriptor[0] = sandbox.connect(PORT);
                return true;
            } catch (Problem notYet) {
                return false;
            }
        });
        return descriptor[0];
    }

    private static String read(Fd socket) throws Exception {
        StringBuilder text = new StringBuilder();
        byte[] buffer = new byte[100];
        Place.until("the server speaks", 10, () -> {
            int count = Descriptors.read(socket.number(), buffer);
            text.append(new String(buffer, 0, Math.max(0, count), StandardCharsets.UTF_8));
            return text.indexOf("\n") >= 0;
        });
        return text.toString();
    }
}
