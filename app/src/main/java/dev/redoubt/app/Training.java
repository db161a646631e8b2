package dev.redoubt.app;

import java.io.IOException;
import java.util.List;

/**
 * What the ahead-of-time cache is trained with (JEP 514): the classes that these commands touch come from the cache and
 * need not be read and verified at every start. Run by {@code ./redoubt} at the end of a build, its output unread.
 */
final class Training {
    /** Asks the broker in each of its ways. */
    private static final String ASKING = "free; mount -t tmpfs none /mnt; unshare true";

    private static final List<List<String>> COMMANDS = List.of(
            List.of("version"),
            List.of("version", "--json"),
            List.of("--help"),
            List.of("run", "--help"),
            List.of("run", "--no-such-option"),
            List.of(
                    "run",
                    "--memory",
                    "64M",
                    "--timeout",
                    "10s",
                    "--env",
                    "A=B",
                    "--explain",
                    "--",
                    "sh",
                    "-c",
                    ASKING),
            List.of("sandbox", "ls"),
            List.of("run", "--profile", "minimal", "--", "true"),
            List.of("profile", "check", "minimal"),
            List.of("image", "ls", "--json"),
            List.of("doctor", "--json"));

    private Training() {}

    /** Does each command once; how they end does not matter. */
    public static void main(String[] args) throws IOException {
        Main.exact(args.length);
        for (List<String> command : COMMANDS) {
            Redoubt.execute(command.toArray(String[]::new));
        }
        System.exit(0);
    }
}
