package dev.redoubt.node.cgroup;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** A real process that waits until it is in the group before it runs its command. */
record Member(Process process) implements AutoCloseable {
    static Member start(SandboxCgroup group, String shellCommand) {
        try {
            Process process = new ProcessBuilder("/bin/sh", "-c", "read go; " + shellCommand)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            group.join(Math.toIntExact(process.pid()));
            process.getOutputStream().write("\n".getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            return new Member(process);
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    int exitCode() {
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the process did not end");
            }
            return process.exitValue();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", stop);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
