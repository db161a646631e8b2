package dev.redoubt.app;

import dev.redoubt.node.data.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the ahead-of-time caches are trained with (JEP 514): the classes that these commands touch come from the cache and
 * need not be read and verified at every start. Run by {@code ./redoubt} at the end of a build, its output unread.
 *
 * <p>At a start all classes of its cache are loaded, touched or not, 10 ms a thousand; so {@code run} has a smaller one.
 */
final class Training {
    /** Asks the broker in each of its ways. */
    private static final String ASKING = "free; mount -t tmpfs none /mnt; unshare true";

    private static final List<String> RUN = List.of(
            "run", "--memory", "64M", "--timeout", "10s", "--env", "A=B", "--explain", "--", "sh", "-c", ASKING);

    private static final List<List<String>> COMMANDS = List.of(
            List.of("version"),
            List.of("version", "--json"),
            List.of("--help"),
            List.of("run", "--help"),
            List.of("run", "--no-such-option"),
            RUN,
            List.of("run", "--", "true"),
            List.of("sandbox", "ls"),
            List.of("run", "--profile", "minimal", "--", "true"),
            List.of("profile", "check", "minimal"),
            List.of("image", "ls", "--json"),
            List.of("doctor", "--json"));

    private static final int MOST_TRIES = 500;
    private static final int BETWEEN_TRIES_MILLIS = 10;

    private Training() {}

    /** Does each command once, or {@code run} alone; how they end does not matter. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Main.lookAhead();
        Main.exact(args.length);
        for (List<String> command : args[0].equals("run") ? List.of(RUN) : COMMANDS) {
            execute(command);
        }
        askADaemon();
        System.exit(0);
    }

    /** Once more with a daemon, which takes other classes. Without slots: nothing is left when this process ends. */
    private static void askADaemon() throws InterruptedException {
        Path socket = RunDirectory.open(Installation.library().runDirectory()).daemonSocket();
        Thread.ofPlatform().daemon().start(() -> execute(List.of("node", "--slots", "0")));
        for (int tries = 0; tries < MOST_TRIES && !Files.exists(socket); tries++) {
            TimeUnit.MILLISECONDS.sleep(BETWEEN_TRIES_MILLIS);
        }
        execute(RUN);
    }

    private static void execute(List<String> command) {
        Redoubt.execute(command.toArray(String[]::new));
    }
}
