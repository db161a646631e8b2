package dev.redoubt.node.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything about one job before it runs. A request that exists can be sent.
 *
 * @param work what to do
 * @param user "" for the guest's own ids (only where it keeps no capability), else as in {@code docker run --user}
 * @param directory where to run, "" for the user's home
 * @param environment {@code NAME=value}; HOME, USER, LOGNAME, SHELL and PATH are added when absent
 * @param terminal run it on a terminal of this size
 * @param input whether the job is given input; else it reads /dev/null
 * @param bounded when nobody acknowledges its output: true drops and counts, false makes the job wait
 * @param merged whether its errors go where its output goes
 * @param capabilities what a job of uid 0 may do, as a mask; others have nothing
 * @param boundingSet what it can never exceed, as a mask
 * @param limits resource limits on top of those of the sandbox
 */
public record RunRequest(
        Work work,
        String user,
        String directory,
        List<Bytes> environment,
        Optional<TerminalSize> terminal,
        boolean input,
        boolean bounded,
        boolean merged,
        long capabilities,
        long boundingSet,
        List<Limit> limits) {
    /** All of it on the wire, and about what execve(2) takes for arguments and environment with an 8 MiB stack. */
    public static final int LARGEST = 2 * 1024 * 1024;

    private static final int VERSION = 1;
    private static final int PTY = 1;
    private static final int STDIN = 2;
    private static final int BOUNDED = 4;
    private static final int MERGE = 8;
    private static final int LENT = 16;
    private static final int FIXED = 4 * Short.BYTES + Integer.BYTES + 2 * Long.BYTES;
    private static final int LIMIT = Integer.BYTES + 2 * Long.BYTES;
    private static final int MOST_LIMITS = 64;

    /** One resource limit (setrlimit(2)); -1 is infinity. */
    public record Limit(int resource, long soft, long hard) {}

    public RunRequest {
        environment = List.copyOf(environment);
        limits = List.copyOf(limits);
        for (Bytes variable : environment) {
            if (!variable.contains('=')) {
                throw new IllegalArgumentException("a variable without '=': " + variable);
            }
            RequestTooLargeException.check("bytes of an environment variable", variable.length(), Work.LONGEST_STRING);
        }
        if (terminal.isPresent() && !(work instanceof Work.Exec)) {
            throw new IllegalArgumentException("a file operation has no terminal");
        }
        RequestTooLargeException.check("resource limits", limits.size(), MOST_LIMITS);
        RequestTooLargeException.check(
                "bytes of all arguments and variables", size(work, user, directory, environment, limits), LARGEST);
    }

    /** A program with the guest's own ids, without input and terminal. */
    public static RunRequest exec(String... argv) {
        return of(new Work.Exec(Arrays.stream(argv).map(Bytes::of).toList()));
    }

    /** Work with the guest's own ids, without input and terminal. */
    public static RunRequest of(Work work) {
        return new RunRequest(work, "", "", List.of(), Optional.empty(), false, false, false, 0, 0, List.of());
    }

    public RunRequest withUser(String other) {
        return new RunRequest(
                work,
                other,
                directory,
                environment,
                terminal,
                input,
                bounded,
                merged,
                capabilities,
                boundingSet,
                limits);
    }

    public RunRequest withDirectory(String other) {
        return new RunRequest(
                work, user, other, environment, terminal, input, bounded, merged, capabilities, boundingSet, limits);
    }

    public RunRequest withEnvironment(Map<String, String> variables) {
        List<Bytes> all = new ArrayList<>(variables.size());
        variables.forEach((name, value) -> all.add(Bytes.of(name + "=" + value)));
        return withEnvironment(all);
    }

    public RunRequest withEnvironment(List<Bytes> variables) {
        return new RunRequest(
                work, user, directory, variables, terminal, input, bounded, merged, capabilities, boundingSet, limits);
    }

    public RunRequest withTerminal(TerminalSize size) {
        return new RunRequest(
                work,
                user,
                directory,
                environment,
                Optional.of(size),
                true,
                bounded,
                merged,
                capabilities,
                boundingSet,
                limits);
    }

    public RunRequest withInput() {
        return new RunRequest(
                work, user, directory, environment, terminal, true, bounded, merged, capabilities, boundingSet, limits);
    }

    public RunRequest withBoundedOutput() {
        return new RunRequest(
                work, user, directory, environment, terminal, input, true, merged, capabilities, boundingSet, limits);
    }

    public RunRequest withMergedOutput() {
        return new RunRequest(
                work, user, directory, environment, terminal, input, bounded, true, capabilities, boundingSet, limits);
    }

    public RunRequest withCapabilities(long mask, long bounding) {
        return new RunRequest(
                work, user, directory, environment, terminal, input, bounded, merged, mask, bounding, limits);
    }

    public RunRequest withLimits(List<Limit> others) {
        return new RunRequest(
                work,
                user,
                directory,
                environment,
                terminal,
                input,
                bounded,
                merged,
                capabilities,
                boundingSet,
                others);
    }

    private static long size(Work work, String user, String directory, List<Bytes> environment, List<Limit> limits) {
        long size = FIXED + 3L * Integer.BYTES + (long) LIMIT * limits.size();
        size += Bytes.of(user).written() + Bytes.of(directory).written();
        for (Bytes operand : work.operands()) {
            size += operand.written();
        }
        for (Bytes variable : environment) {
            size += variable.written();
        }
        return size;
    }

    private int flags() {
        return (terminal.isPresent() ? PTY : 0) | (input ? STDIN : 0) | (bounded ? BOUNDED : 0) | (merged ? MERGE : 0);
    }

    /** The run request of the protocol, in the order it says. */
    ByteBuffer encode() {
        return encode(flags());
    }

    /** The same for a job whose streams come along. */
    ByteBuffer encodeLent() {
        if (input || terminal.isPresent() || !(work instanceof Work.Exec)) {
            throw new IllegalArgumentException("a program with streams of its own has neither input nor a terminal");
        }
        return encode(flags() | LENT);
    }

    private ByteBuffer encode(int flags) {
        TerminalSize size = terminal.orElse(new TerminalSize(0, 0));
        ByteBuffer out = ByteBuffer.allocate((int) size(work, user, directory, environment, limits))
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putShort((short) VERSION).putShort((short) flags);
        out.putShort((short) size.rows()).putShort((short) size.columns());
        out.putInt(work.operation()).putLong(capabilities).putLong(boundingSet);
        Bytes.of(user).write(out);
        Bytes.of(directory).write(out);
        writeAll(work.operands(), out);
        writeAll(environment, out);
        out.putInt(limits.size());
        for (Limit limit : limits) {
            out.putInt(limit.resource()).putLong(limit.soft()).putLong(limit.hard());
        }
        return out.flip();
    }

    private static void writeAll(List<Bytes> strings, ByteBuffer out) {
        out.putInt(strings.size());
        strings.forEach(string -> string.write(out));
    }

    /** Without the environment and the arguments: they may carry secrets. */
    @Override
    public String toString() {
        return "RunRequest[" + work.getClass().getSimpleName() + " as '" + user + "' in '" + directory + "']";
    }
}
