package dev.redoubt.node.escape;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Things on the host for the attacks to find: listeners on its loopback and in its abstract namespace, shared memory,
 * queues, a locked file, a process. They end with this object, and with this program however it ends.
 */
public final class Decoys implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final String facts;

    private Decoys(Process process, BufferedReader output, String facts) {
        this.process = process;
        this.output = output;
        this.facts = facts;
    }

    /** @throws IOException when the program does not say where its decoys are */
    public static Decoys place(Path program) throws IOException {
        Process process = new ProcessBuilder(program.toString(), "decoy", "redoubt-decoy-" + UUID.randomUUID())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        String facts = output.readLine();
        if (facts == null) {
            throw new IOException(program + " decoy said nothing");
        }
        return new Decoys(process, output, facts.strip() + " slow=" + slowness());
    }

    /** How many times longer things may take here than on a real processor: the test machine emulates its own. */
    static long slowness() {
        return Long.parseLong(System.getProperty("redoubt.slow", "1"));
    }

    /** What the host knows and a sandbox must not, and how patient to be on a slow machine, in the battery's words. */
    String facts() {
        return facts;
    }

    @Override
    public void close() throws IOException {
        // The end of its input is how it is told to clean up
        process.getOutputStream().close();
        output.close();
        try {
            process.waitFor();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
