package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Hosts that cannot build one of the walls: the spawner is started behind a filter that refuses it the system call which
 * that wall needs. Nothing runs with fewer walls than asked, and nothing of the attempt stays.
 */
@Tag("vm")
class MissingWallsTest {
    private static final int NOTHING_DENIED = -1;

    @Test
    void controlAFilterThatRefusesNothingChangesNothing() throws Exception {
        try (Place place = Place.make()) {
            try (Node node = behind(NOTHING_DENIED, place.settings());
                    Sandbox sandbox = node.create(SandboxSpec.of("busybox"))) {
                assertThat(Jobs.run(sandbox, "1000", "echo", "runs").text()).isEqualTo("runs\n");
            }
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** The first wall that needs the call is named: where the spawner builds walls of its own, when it is started. */
    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource({
        "unshare,              272, unshare",
        "pivot_root,           155, pivot_root",
        "sethostname,          170, host name",
        "prlimit64,            302, rlimit",
        "capset,               126, namespaces",
        "landlock_create_ruleset, 444, landlock_create_ruleset",
        "landlock_restrict_self, 446, Landlock",
        "seccomp,              317, seccomp",
        "fsopen,               430, tmpfs",
        "move_mount,           429, attach",
        "mount_setattr,        442, synthesised file",
        "setresuid,            117, namespaces",
        "setgroups,            116, ids",
        "clone3,               435, fork",
        "execveat,             322, guest",
    })
    void theWallIsNamedAndNothingIsLeft(String call, int number, String wall) throws Exception {
        try (Place place = Place.make()) {
            assertThatThrownBy(() -> {
                        try (Node node = behind(number, place.settings())) {
                            assertThatThrownBy(() -> node.create(SandboxSpec.of("busybox")))
                                    .satisfies(refused -> assertThat(node.sandboxes())
                                            .as("after %s", refused.getMessage())
                                            .isEmpty());
                            assertThat(place.leftovers().ranges()).isEmpty();
                            assertThat(place.leftovers().imageUses()).isEmpty();
                            assertThat(place.leftovers().groups()).isEmpty();
                            assertThat(place.leftovers().disks()).isEmpty();
                            node.create(SandboxSpec.of("busybox")).close();
                        }
                    })
                    .as("without %s", call)
                    .isInstanceOfSatisfying(Problem.class, problem -> {
                        assertThat(problem.code()).isEqualTo(ProblemCode.WALL_UNAVAILABLE);
                        assertThat(problem.detail()).containsIgnoringCase(wall).contains("./redoubt doctor");
                    });
            Place.until("its spawner ends", 10, () -> place.processes().isEmpty());
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** A node whose spawner, and all that it starts, is refused a system call; this thread is not. */
    private static Node behind(int denied, NodeSettings settings) {
        CompletableFuture<Node> opened = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                deny(denied);
                Node node = Node.open(settings);
                opened.complete(node);
            } catch (RuntimeException failed) { // the caller's to judge
                opened.completeExceptionally(failed);
            }
        });
        Node node;
        try {
            node = opened.join();
        } catch (CompletionException failed) {
            throw failed.getCause() instanceof Problem problem ? problem : failed;
        }
        node.images().ensureBuiltIn("busybox");
        return node;
    }

    /** Loads a filter into the calling thread for the rest of its life (seccomp(2)). */
    private static void deny(int number) {
        int[] program = {
            0x20,
            0, // load the number of the call
            0x15 | 1 << 24,
            number, // jump if equal: 0 further, else 1
            0x06,
            0x0005_0000 | Errno.EPERM, // return an error
            0x06,
            0x7fff_0000, // return: allowed
        };
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment code = arena.allocate(8L * program.length / 2, 8);
            for (int i = 0; i < program.length; i += 2) {
                code.set(ValueLayout.JAVA_SHORT, 4L * i, (short) program[i]);
                code.set(ValueLayout.JAVA_BYTE, 4L * i + 3, (byte) (program[i] >>> 24));
                code.set(ValueLayout.JAVA_INT, 4L * i + 4, program[i + 1]);
            }
            MemorySegment header = arena.allocate(16, 8); // struct sock_fprog
            header.set(ValueLayout.JAVA_SHORT, 0, (short) (program.length / 2));
            header.set(ValueLayout.ADDRESS, 8, code);
            MethodHandle syscall = Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.ADDRESS));
            assertThat((long) syscall.invokeExact(317L, 1L, 0L, header)).isZero();
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }
}
