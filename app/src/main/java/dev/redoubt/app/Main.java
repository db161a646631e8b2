package dev.redoubt.app;

import dev.redoubt.linux.LinuxFiles;
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
     * The first foreign call takes 20 ms, the reading of the line 90: beside it, not after. {@link Training} does this too, or
     * the start of the thread would take longer than what it saves.
     */
    static void lookAhead() {
        Thread.ofPlatform().name("redoubt-ahead").daemon().start(() -> LinuxFiles.status("/proc/self"));
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
