package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Hangup;
import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.daemon.NodeClient;
import dev.redoubt.node.daemon.NodeServer;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The daemon's side of its socket, when what it asks of the host fails. */
@Tag("vm")
class DaemonTest {
    /** One that makes no sense is ended and told; the others are taken over. */
    @Test
    void aDamagedEntryKeepsNoDaemonFromStarting() throws Exception {
        try (Place place = Place.make()) {
            SandboxId whole;
            SandboxId damaged;
            try (Node node = place.open(place.settings().outliving())) {
                whole = node.create(SandboxSpec.of("busybox")).id();
                damaged = node.create(SandboxSpec.of("busybox")).id();
            }
            String owner = place.leftovers().owners().getFirst();
            Path entry = place.data().resolve("node/owners").resolve(owner).resolve(damaged.value());
            Files.writeString(entry, "fact.calls=%7Bnonsense\n", StandardOpenOption.APPEND);
            try (Node next = Node.open(place.settings().outliving())) {
                assertThat(next.adopted())
                        .singleElement()
                        .satisfies(sandbox -> assertThat(sandbox.id()).isEqualTo(whole));
                assertThat(next.warnings())
                        .singleElement()
                        .satisfies(warning -> assertThat(warning).contains(damaged.value(), "could not be taken over"));
                assertThat(place.leftovers().ranges()).as("of one sandbox").hasSize(1);
                next.adopted().forEach(Sandbox::close);
            }
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** More than one message holds, each with its notes. */
    @Test
    void allSandboxesAreListedWithTheirLabels() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                NodeServer server = NodeServer.bind(node, _ -> {})) {
            Thread.ofPlatform().daemon().start(server::serve);
            try (NodeClient client = NodeClient.connect(place.run()).orElseThrow()) {
                List<SandboxId> made = new ArrayList<>();
                List<NodeClient.Lent> lent = new ArrayList<>();
                for (int i = 0; i < 33; i++) {
                    Labels labels = new Labels(Map.of("number", Integer.toString(i)));
                    lent.add(client.create(SandboxSpec.of("busybox").labelled(labels)));
                    made.add(lent.getLast().id());
                }
                assertThat(client.sandboxes())
                        .hasSize(33)
                        .allSatisfy(listed -> assertThat(listed.labels().byName())
                                .containsEntry("number", Integer.toString(made.indexOf(listed.id()))));
                for (NodeClient.Lent one : lent) {
                    client.end(one.id());
                    one.channel().close();
                    one.pidfd().close();
                }
                assertThat(client.sandboxes()).isEmpty();
            }
        }
    }

    @Test
    void aSandboxWhoseEndFailsIsGoneAndItsClientHearsWhy() throws Exception {
        List<String> reports = new ArrayList<>();
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                NodeServer server = NodeServer.bind(node, reports::add)) {
            Thread.ofPlatform().daemon().start(server::serve);
            try (NodeClient client = NodeClient.connect(place.run()).orElseThrow()) {
                NodeClient.Lent whole = client.create(SandboxSpec.of("busybox"));
                assertThat(client.end(whole.id()))
                        .as("control: nothing is in the way")
                        .isZero();
                whole.channel().close();
                whole.pidfd().close();
            }
            try (NodeClient client = NodeClient.connect(place.run()).orElseThrow()) {
                NodeClient.Lent lent = client.create(SandboxSpec.of("busybox"));
                Path group = Place.groups()
                        .resolve(Place.groupsOf(place.leftovers().owners().getFirst())
                                .getFirst());
                for (String pid : Files.readAllLines(group.resolve("cgroup.procs"))) {
                    ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
                }
                assertThat(Hangup.await(lent.pidfd(), Duration.ofSeconds(5))).isTrue();
                Place.until(
                        "its memory group can be removed",
                        5,
                        () -> group.toFile().delete());

                assertThatThrownBy(() -> client.end(lent.id())).isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.code()).isEqualTo(ProblemCode.WALL_UNAVAILABLE);
                    assertThat(problem.detail()).contains("memory.");
                });
                assertThat(place.leftovers().imageUses()).isEmpty();
                assertThat(place.leftovers().ranges()).isEmpty();
                lent.channel().close();
                lent.pidfd().close();
            }
            assertThat(reports).isEmpty();
        }
    }
}
