package dev.redoubt.app;

import dev.redoubt.linux.Errno;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.GuestChannel;
import dev.redoubt.node.guest.GuestJob;
import dev.redoubt.node.guest.JobExit;
import dev.redoubt.node.guest.JobOutput;
import dev.redoubt.node.guest.RequestTooLargeException;
import dev.redoubt.node.guest.SandboxGoneException;
import dev.redoubt.node.image.Digest;
import dev.redoubt.node.image.ImageConfig;
import dev.redoubt.policy.profile.Learning;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.InsidePath;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.DigestOutputStream;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

/**
 * Learns a profile: runs a command under audit, and then again under what was learnt, which shows that it passes.
 *
 * <p>The audit sees calls, by their registers; where something was written, the overlay shows. What of that is needed neither
 * tells, so it is tried: with a read-only root, with one in which those directories can be written, and with a writable one.
 */
final class LocalLearn {
    private static final Duration LIMIT = Duration.ofHours(1);
    private static final int MOST_WRITABLE = 16;

    private final RunOptions options;
    private final Profile within;
    private final String name;

    private LocalLearn(RunOptions options, Profile within, String name) {
        this.options = options;
        this.within = within;
        this.name = name;
    }

    /**
     * The smallest profile under which the command ends as it ends now.
     *
     * @param name of the learnt profile; empty for one made of the command's
     */
    static Profile learn(RunOptions options, String name) {
        LocalRun.needsRoot("learn");
        Profile within = Profiles.named(options.profile());
        String called = name.isEmpty() ? nameOf(options.command().getFirst()) : name;
        if (!Profile.isName(called)) {
            throw new Refusal(
                    Refusal.Code.VALIDATION_ERROR, "--name '" + called + "' is not lower case words joined by hyphens");
        }
        try {
            return new LocalLearn(options, narrowed(within, options), called).learn();
        } catch (RequestTooLargeException large) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, String.valueOf(large.getMessage()));
        } catch (Problem problem) {
            throw Refusal.of(problem);
        } catch (InterruptedException stop) {
            throw Refusal.interrupted();
        }
    }

    /** Who does not ask for another user needs none. */
    private static Profile narrowed(Profile within, RunOptions options) {
        boolean plain = options.user().isEmpty()
                || options.user().get().equals("1000")
                || options.user().get().equals("user");
        Profile here = options.acceptSharedKernel() ? within.alsoIn(RuntimeClass.CONTAINER) : within;
        Profile profile = plain ? here.withUsers(Profile.Users.SINGLE, Profile.Root.NONE) : here;
        return options.network().map(profile::withNetwork).orElse(profile);
    }

    private static String nameOf(String command) {
        String name = command.substring(command.lastIndexOf('/') + 1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^[^a-z]+|-+$", "");
        return Profile.isName(name) ? name : "learnt";
    }

    private Profile learn() throws InterruptedException {
        NodeSettings settings = Installation.library();
        ImageConfig image = LocalImages.ensure(settings, options.image()).config();
        try (Node node = Node.open(settings)) {
            Seen seen = audited(node, image);
            Profile small = Learning.profile(name, description(), within, seen.calls, FileRules::withReadOnlyRoot);
            if (again(node, image, small).equals(seen.end)) {
                return small; // what it printed too: a program may write without minding whether it can
            }
            if (!seen.written.isEmpty()) {
                Profile here = Learning.profile(
                        name, description(), within, seen.calls, files -> files.writableOnlyIn(seen.written));
                if (again(node, image, here).exit.equals(seen.end.exit)) {
                    return here;
                }
            }
            Profile writable = Learning.profile(name, description(), within, seen.calls, UnaryOperator.identity());
            if (again(node, image, writable).exit.equals(seen.end.exit)) {
                return writable;
            }
            throw new Refusal(
                    Refusal.Code.UNPROCESSABLE,
                    "under the calls that it made, the command does not end as it did (" + seen.end.exit
                            + "): it does not do the same each time, so nothing was learnt that could be trusted");
        }
    }

    /** How it ended, in words, and what it printed. */
    private record End(String exit, Digest output) {}

    /** What was called, where it wrote (nowhere where that is no short list), and how it ended. */
    private record Seen(SortedMap<String, Set<List<Integer>>> calls, SortedSet<InsidePath> written, End end) {}

    private Seen audited(Node node, ImageConfig image) throws InterruptedException {
        LocalRun run = new LocalRun(options, within);
        Node.Audited audited = node.audit(run.spec(image));
        try (Sandbox sandbox = audited.sandbox()) {
            End end = run(sandbox, run, image, System.err);
            return new Seen(audited.calls().seen(), written(audited), end);
        }
    }

    /** A short list of directories that the image has. The root would be no list. */
    private SortedSet<InsidePath> written(Node.Audited audited) {
        return audited.root()
                .written()
                .filter(paths -> paths.size() <= MOST_WRITABLE && !paths.contains(InsidePath.ROOT))
                .filter(_ ->
                        !within.files().readOnlyRoot() && within.files().paths().isEmpty())
                .orElseGet(Collections::emptySortedSet);
    }

    private End again(Node node, ImageConfig image, Profile learnt) throws InterruptedException {
        LocalRun run = new LocalRun(options, learnt);
        try (Sandbox sandbox = node.create(run.spec(image))) {
            return run(sandbox, run, image, OutputStream.nullOutputStream());
        }
    }

    private static End run(Sandbox sandbox, LocalRun run, ImageConfig image, OutputStream to)
            throws InterruptedException {
        GuestChannel guest = sandbox.guest();
        DigestOutputStream output = new DigestOutputStream(to, Digest.algorithm());
        try (GuestJob job = guest.run(run.work(image), (from, piece) -> print(from, piece, output))) {
            JobExit exit = job.exit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (exit instanceof JobExit.NotStarted(var step, int errno, var usage)) {
                throw new Refusal(
                        Refusal.Code.UNPROCESSABLE,
                        "the command was not started: " + step.name().toLowerCase(Locale.ROOT) + ": "
                                + Errno.describe(errno));
            }
            return new End(words(exit), Digest.of(output.getMessageDigest(), new byte[0]));
        } catch (TimeoutException endless) {
            throw new Refusal(
                    Refusal.Code.UNPROCESSABLE, "the command did not end within " + LIMIT.toMinutes() + " minutes");
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof SandboxGoneException) {
                throw new Refusal(Refusal.Code.UNPROCESSABLE, "the sandbox ended before the command did");
            }
            throw new IllegalStateException(failed.getCause());
        }
    }

    private static void print(GuestJob job, JobOutput output, OutputStream to) {
        if (output instanceof JobOutput.Chunk chunk) {
            ByteBuffer bytes = chunk.bytes().duplicate();
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            try {
                to.write(copy);
            } catch (IOException readerGone) {
                throw new UncheckedIOException(readerGone);
            }
        }
        job.acknowledge(output.seq());
    }

    private String description() {
        String command = String.join(" ", options.command()).replaceAll("[^\\x20-\\x7e]", "?");
        String words = "Learnt from: " + command;
        return words.length() <= 200 ? words : words.substring(0, 197) + "...";
    }

    private static String words(JobExit exit) {
        return switch (exit) {
            case JobExit.Exited(int code, var usage) -> "exit code " + code;
            case JobExit.Signalled(int signal, var usage) -> "signal " + signal;
            case JobExit.NotStarted(var step, int errno, var usage) -> "not started: " + step + ", errno " + errno;
        };
    }
}
