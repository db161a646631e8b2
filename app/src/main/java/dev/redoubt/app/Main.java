package dev.redoubt.app;

import java.io.IOException;
import java.util.List;

/** The process behind {@code ./redoubt}. */
public final class Main {
    private Main() {}

    /** Runs the command line and exits with its code. */
    public static void main(String[] args) throws IOException {
        System.exit(Redoubt.execute(exact(args.length)));
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
