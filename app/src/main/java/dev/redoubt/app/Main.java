package dev.redoubt.app;

import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.node.image.Digest;
import java.io.IOException;
import java.util.List;

/** The process behind {@code ./redoubt}. */
public final class Main {
    private Main() {}

    /** Runs the command line and exits with its code. */
    public static void main(String[] args) throws IOException {
        if (args.length > 0 && args[0].equals("run")) {
            lookAhead();
        }
        System.exit(Redoubt.execute(exact(args.length)));
    }

    /**
     * What takes long the first time, beside the reading of the line and not after it: a foreign call 20 ms, a digest 15.
     * {@link Training} does this too, or the start of the threads would take longer than what it saves.
     */
    static void lookAhead() {
        ahead(() -> LinuxFiles.status("/proc/self"));
        ahead(Digest::algorithm);
    }

    /** Begins what will be needed; whoever needs it waits for it. */
    static void ahead(Runnable work) {
        Thread.ofPlatform().name("redoubt-ahead").daemon().start(work);
    }

    static String[] exact(int count) throws IOException {
        List<byte[]> raw = RawArguments.ofThisProcess(count);
        String[] exact = new String[count];
        for (int i = 0; i < count; i++) {
            exact[i] = RawArguments.text(raw.get(i));
        }
        return exact;
    }
}
