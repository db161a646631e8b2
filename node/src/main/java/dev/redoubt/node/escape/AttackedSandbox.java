package dev.redoubt.node.escape;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.Bytes;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.JobOutput;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.guest.SandboxGoneException;
import dev.redoubt.node.guest.Work;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.protocol.SandboxSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A fresh sandbox for each run of the battery. Its program is written inside: a mount would show where it came from. */
final class AttackedSandbox implements Confined {
    private static final String INSIDE = "/tmp/redoubt-escape";
    private static final int EXECUTABLE = 0755;
    private static final int SIGNALLED = 128;
    private static final int SIGKILL = 9;
    /** Several times what a whole run takes; a battery that hangs is an error, not a wall. */
    private static final long MOST_SECONDS = 120 * Decoys.slowness();

    private final Node node;
    private final SandboxSpec spec;
    private final Path program;

    AttackedSandbox(Node node, SandboxSpec spec, Path program) {
        this.node = node;
        this.spec = spec;
        this.program = program;
    }

    @Override
    public Ended run(As as, List<String> arguments) throws IOException, InterruptedException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (Sandbox sandbox = node.create(spec)) {
            bringProgram(sandbox, as);
            GuestJob job = sandbox.guest().run(attack(as, arguments), (from, piece) -> keep(output, from, piece));
            JobExit exit = job.exit().get(MOST_SECONDS, TimeUnit.SECONDS);
            return new Ended(bytes(output), exitCode(exit));
        } catch (SandboxGoneException gone) {
            return new Ended(bytes(output), SIGNALLED + SIGKILL);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof SandboxGoneException) {
                return new Ended(bytes(output), SIGNALLED + SIGKILL);
            }
            throw new IOException("the battery's job was lost", failed.getCause());
        } catch (TimeoutException hangs) {
            throw new IOException("the battery did not end within " + MOST_SECONDS + " s", hangs);
        }
    }

    private void bringProgram(Sandbox sandbox, As as)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        RunRequest write =
                as(as, new Work.WriteFile(Bytes.of(INSIDE), EXECUTABLE)).withInput();
        GuestJob job = sandbox.guest().run(write, (from, piece) -> from.acknowledge(piece.seq()));
        job.write(ByteBuffer.wrap(Files.readAllBytes(program)));
        job.closeInput();
        int error = exitCode(job.exit().get(MOST_SECONDS, TimeUnit.SECONDS));
        if (error != 0) {
            throw new IOException("the battery could not be written to " + INSIDE + ": errno " + error);
        }
    }

    private RunRequest attack(As as, List<String> arguments) {
        List<Bytes> words = new ArrayList<>(List.of(Bytes.of(INSIDE)));
        arguments.forEach(argument -> words.add(Bytes.of(argument)));
        return as(as, new Work.Exec(words));
    }

    private RunRequest as(As as, Work work) {
        long root = Capability.mask(Capability.ofRootJob(spec.profile()));
        return switch (as) {
            case PLAIN -> RunRequest.of(work).withUser("1000").withCapabilities(root, 0);
            case ROOT -> RunRequest.of(work).withUser("0").withCapabilities(root, root);
        };
    }

    /** On the loop's thread, so in order; read by ours after the job's end. */
    private static void keep(ByteArrayOutputStream output, GuestJob job, JobOutput piece) {
        if (piece instanceof JobOutput.Chunk chunk && chunk.source() == JobOutput.Source.OUT) {
            byte[] bytes = new byte[chunk.bytes().remaining()];
            chunk.bytes().duplicate().get(bytes);
            synchronized (output) {
                output.writeBytes(bytes);
            }
        }
        job.acknowledge(piece.seq());
    }

    private static byte[] bytes(ByteArrayOutputStream output) {
        synchronized (output) {
            return output.toByteArray();
        }
    }

    private static int exitCode(JobExit exit) throws IOException {
        return switch (exit) {
            case JobExit.Exited(int code, var usage) -> code;
            case JobExit.Signalled(int signal, var usage) -> SIGNALLED + signal;
            case JobExit.NotStarted(var step, int errno, var usage) ->
                throw new IOException("the battery could not be started: " + step + ", errno " + errno);
        };
    }
}
