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
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A fresh sandbox for each run of the battery, whose program is mounted into it. */
final class AttackedSandbox implements Confined {
    private static final String INSIDE = "/opt/redoubt-escape";
    private static final int SIGNALLED = 128;
    private static final int SIGKILL = 9;
    /** Several times what a whole run takes; a battery that hangs is an error, not a wall. */
    private static final long MOST_SECONDS = 120;

    private final Node node;
    private final SandboxSpec spec;

    AttackedSandbox(Node node, SandboxSpec spec, Path program) {
        this.node = node;
        this.spec = withProgram(spec, program);
    }

    private static SandboxSpec withProgram(SandboxSpec spec, Path program) {
        List<HostMount> mounts = new ArrayList<>(spec.mounts());
        mounts.add(new HostMount(program, INSIDE, true));
        return new SandboxSpec(
                spec.image(),
                spec.profile(),
                spec.limits(),
                spec.network(),
                spec.readOnly(),
                spec.hostname(),
                mounts,
                spec.mountUid());
    }

    @Override
    public Ended run(As as, List<String> arguments) throws IOException, InterruptedException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (Sandbox sandbox = node.create(spec)) {
            GuestJob job = sandbox.guest().run(request(as, arguments), (from, piece) -> keep(output, from, piece));
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

    private RunRequest request(As as, List<String> arguments) {
        List<Bytes> words = new ArrayList<>(List.of(Bytes.of(INSIDE)));
        arguments.forEach(argument -> words.add(Bytes.of(argument)));
        RunRequest request = RunRequest.of(new Work.Exec(words));
        if (spec.profile().users() == Profile.Users.SINGLE) {
            return request;
        }
        long root = Capability.mask(Capability.ofRootJob(spec.profile()));
        return switch (as) {
            case PLAIN -> request.withUser("1000").withCapabilities(root, 0);
            case ROOT -> request.withUser("0").withCapabilities(root, root);
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
